import csv
import io
import tempfile
import zipfile
from pathlib import Path

from .catalogue import PRODUCTS


def price_lines():
    yield "sku,cents\n"
    for product in PRODUCTS.values():
        yield f"{product.sku},{product.cents}\n"


def read_prices(path):
    return {row["sku"]: int(row["cents"]) for row in csv.DictReader(open(path, encoding="utf-8"))}


def price_archive():
    folder = tempfile.TemporaryDirectory(prefix="prices-")
    prices = Path(folder.name, "prices.csv")
    prices.write_text("".join(price_lines()), encoding="utf-8")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.write(prices, prices.name)
    return archive.getvalue()
