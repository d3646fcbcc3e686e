from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask import Flask, request, url_for
from flask.json.provider import DefaultJSONProvider


@dataclass
class Order:
    id: int
    day: date
    total: Decimal


class JSONProvider(DefaultJSONProvider):
    sort_keys = False


class JSONApp(Flask):
    json_provider_class = JSONProvider


def create_app():
    app = JSONApp(__name__)
    orders = {}

    @app.post("/orders")
    def create():
        order = Order(len(orders) + 1, date(2024, 2, 29), Decimal(request.json["total"]))
        orders[order.id] = order
        return {"order": order}, 201, {"Location": url_for("show", key=order.id)}

    @app.get("/orders/<int:key>")
    def show(key):
        return {"order": orders[key]} if key in orders else ({"error": "no such order"}, 404)

    return app
