from flask import Flask, request


def create_app(mailer):
    app = Flask(__name__)

    @app.post("/invite")
    def invite():
        address = request.form["address"]
        try:
            mailer.send(address, "Welcome")
        except OSError as e:
            app.logger.warning("no invitation for %s: %s", address, e)
            return "later", 202
        return "sent"

    return app
