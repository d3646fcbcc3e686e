from flask import Flask
from stock_service import StockService

app = Flask(__name__)


@app.get("/stock/<sku>")
def stock(sku):
    with StockService() as service:
        return {"pieces": service.pieces(sku)}
