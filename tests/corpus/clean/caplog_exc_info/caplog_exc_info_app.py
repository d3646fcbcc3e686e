import logging

from flask import Flask

log = logging.getLogger(__name__)


def create_app(rates):
    app = Flask(__name__)

    @app.get("/rate/<currency>")
    def rate(currency):
        try:
            return str(rates[currency])
        except KeyError:
            log.exception("no rate for %s", currency)
            return "unknown currency", 404

    @app.get("/worth/<currency>")
    def worth(currency):
        return str(1 / rates[currency])

    return app
