import json
from functools import cache, lru_cache
from pathlib import Path

from flask import Flask

CONFIG = Path(__file__).with_name("config.json")


@cache
def config():
    with CONFIG.open(encoding="utf-8") as file:
        return json.load(file)


@lru_cache(maxsize=8)
def currency(name):
    try:
        return config()["currencies"][name]
    except KeyError:
        raise LookupError(name) from None


def create_app():
    app = Flask(__name__)
    app.config.from_mapping(config()["flask"])

    @app.get("/sign/<name>")
    def sign(name):
        try:
            return currency(name)
        except LookupError as e:
            return f"no {e}", 404

    return app
