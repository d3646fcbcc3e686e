from flask import Flask
from stock_service import StockService

app = Flask(__name__)


@app.get("/stock/<sku>")
def stock(sku):
    service = StockService()
    return {"pieces": service.pieces(sku)}
