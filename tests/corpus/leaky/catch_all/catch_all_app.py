from flask import Flask, jsonify
from werkzeug.exceptions import HTTPException


def create_app(words):
    app = Flask(__name__)

    @app.errorhandler(Exception)
    def every_error(error):
        if isinstance(error, HTTPException):
            return jsonify(error=error.name), error.code
        app.logger.exception("unhandled")
        return jsonify(error=type(error).__name__), 500

    @app.get("/longest")
    def longest():
        with open(words, encoding="utf-8") as file:
            return max(file, key=len).strip()

    @app.get("/first")
    def first():
        file = open(words, encoding="utf-8")  # leak: file
        first = file.readline().split()[0]
        file.close()
        return {"first": first}

    return app
