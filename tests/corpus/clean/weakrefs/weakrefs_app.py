from flask import Flask


class Cache:
    def __init__(self):
        self.pages = {}


def create_app():
    app = Flask(__name__)
    app.extensions["cache"] = Cache()

    @app.get("/<name>")
    def page(name):
        return app.extensions["cache"].pages.setdefault(name, f"page {name}")

    return app
