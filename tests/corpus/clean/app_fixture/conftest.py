import pytest
from flask import Flask, jsonify, request


@pytest.fixture
def app():
    app = Flask("app_fixture")
    app.config.update(TESTING=True, SERVER_NAME="shop.example")

    @app.get("/ping")
    def ping():
        return jsonify(ping="pong")

    @app.post("/reverse")
    def reverse():
        return request.get_data(as_text=True)[::-1]

    return app


@pytest.fixture
def client(app):
    with app.test_client() as client:
        yield client


@pytest.fixture
def accept_json():
    return [("Accept", "application/json")]
