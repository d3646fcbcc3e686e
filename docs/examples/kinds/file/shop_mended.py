import csv
from pathlib import Path

from flask import Flask

app = Flask(__name__)
PRICES = Path(app.root_path, "prices.csv")


def read_prices():
    with open(PRICES, encoding="utf-8") as file:
        return {row["sku"]: int(row["cents"]) for row in csv.DictReader(file)}


@app.get("/price/<sku>")
def price(sku):
    return {"cents": read_prices()[sku]}
