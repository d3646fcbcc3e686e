from flask import Flask, jsonify, request


class Declined(Exception):
    pass


def create_app(gateway):
    app = Flask(__name__)

    @app.post("/pay")
    def pay():
        try:
            receipt = gateway.charge(request.json["amount"])
        except Declined as e:
            return jsonify(error=str(e)), 402
        except ConnectionError:
            return jsonify(error="try again later"), 503
        return jsonify(receipt=receipt), 201

    return app
