import csv
from pathlib import Path

from flask import Blueprint, Flask, abort, current_app, url_for

shop = Blueprint("shop", __name__, url_prefix="/shop")
admin = Blueprint("admin", __name__)


def prices():
    path = Path(current_app.config["PRICES"])
    return dict(csv.reader(path.open(encoding="utf-8", newline="")))  # leak: file


@shop.get("/")
def index():
    return url_for(".price", item="tea")


@shop.get("/<item>")
def price(item):
    return prices().get(item) or abort(404)


@shop.errorhandler(404)
def no_such_item(error):
    return "we do not sell that", 404


@admin.before_request
def only_inside():
    abort(403)


@admin.get("/")
def secrets():
    return "secret"


def create_app(prices):
    app = Flask(__name__)
    app.config["PRICES"] = prices
    shop_admin = Blueprint("staff", __name__, url_prefix="/staff")
    shop_admin.register_blueprint(admin, url_prefix="/admin")
    app.register_blueprint(shop)
    app.register_blueprint(shop_admin)
    return app
