import logging
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler

from flask import Flask, current_app


@contextmanager
def log_to(app, path):
    """Log the application's warnings to a file as well."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    app.logger.addHandler(handler)
    try:
        yield handler
    finally:
        app.logger.removeHandler(handler)
        handler.close()


def rotating(path):
    return RotatingFileHandler(path, maxBytes=200, backupCount=2, encoding="utf-8")


def create_app(name):
    app = Flask(name)

    @app.get("/warn/<text>")
    def warn(text):
        current_app.logger.warning(text)
        return "", 204

    return app
