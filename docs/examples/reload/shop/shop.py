from pathlib import Path

from flask import Flask, request


def create_app():
    app = Flask(__name__)
    app.config.from_prefixed_env("SHOP")
    orders = Path(app.config.get("ORDERS", "orders.txt"))
    if not orders.parent.is_dir():
        raise RuntimeError(f"SHOP_ORDERS: there is no directory {orders.parent}")

    @app.get("/")
    def index():
        return "welcome"

    @app.get("/orders")
    def list_orders():
        return orders.read_text(encoding="utf-8").split()

    @app.post("/orders")
    def add_order():
        with orders.open("a", encoding="utf-8") as file:
            file.write(request.form["sku"] + "\n")
        return "added", 201

    return app
