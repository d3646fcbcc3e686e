from dataclasses import dataclass

from flask import current_app


@dataclass(frozen=True)
class Product:
    sku: str
    name: str
    cents: int


PRODUCTS = {
    product.sku: product
    for product in (
        Product("kettle", "Kettle, 1.7 l", 3490),
        Product("teapot", "Teapot, stoneware", 2250),
        Product("tea", "Black tea, 250 g", 890),
    )
}


def price_with_vat(sku):
    return PRODUCTS[sku].cents * (100 + current_app.config["VAT_PERCENT"]) // 100
