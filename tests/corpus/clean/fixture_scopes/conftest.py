import pytest
from flask import Flask, current_app, g


@pytest.fixture(scope="session")
def app():
    app = Flask("fixture_scopes")
    app.config.update(TESTING=True, GREETING="hello")
    app.add_url_rule("/", view_func=lambda: current_app.config["GREETING"])
    return app


@pytest.fixture(scope="session")
def app_context(app):
    with app.app_context():
        yield


@pytest.fixture(scope="module")
def module_context(app):
    with app.app_context() as context:
        g.seen = []
        yield context


@pytest.fixture
def client(app):
    with app.test_client() as client:
        yield client
