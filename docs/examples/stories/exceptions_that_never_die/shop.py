import weakref

from flask import Flask

app = Flask(__name__)
carts = weakref.WeakSet()


class Cart:
    def __init__(self, sku):
        self.sku = sku
        carts.add(self)


def asa(cart):
    raise ConnectionError("Asa does not answer")


def bertil(cart):
    raise TimeoutError("Bertil is slow")


@app.post("/order/<sku>")
def order(sku):
    cart = Cart(sku)
    errors = []
    for supplier in (asa, bertil):
        try:
            return {"order": supplier(cart)}
        except OSError as error:
            errors.append(error)
    return {"errors": [str(error) for error in errors]}
