from flask import Flask, current_app


def price_with_vat(cents):
    return cents * (100 + current_app.config["VAT_PERCENT"]) // 100


def create_app():
    app = Flask(__name__)
    app.config["VAT_PERCENT"] = 20
    return app
