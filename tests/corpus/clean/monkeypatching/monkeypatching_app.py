import os
import time

from flask import Flask


def now():
    return time.time()


def create_app():
    app = Flask(__name__)
    app.config.from_prefixed_env("MPSHOP")
    app.config.setdefault("CURRENCY", "EUR")

    @app.get("/")
    def index():
        return {"currency": app.config["CURRENCY"], "now": now(), "cwd": os.getcwd()}

    return app
