from flask import Flask

app = Flask(__name__)


def send(sku):
    raise ConnectionError("no answer")


def order(sku, attempts=3):
    error = ""
    for _ in range(attempts):
        try:
            return send(sku)
        except ConnectionError as e:
            error = str(e)
    return f"not ordered: {error}"


@app.post("/order/<sku>")
def order_one(sku):
    return {"result": order(sku)}
