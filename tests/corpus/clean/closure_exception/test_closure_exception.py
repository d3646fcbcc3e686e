import json

import pytest
from flask import Flask


def raising(error):
    """A stand-in for any function, which only ever raises."""

    def call(*args, **kwargs):
        raise error

    return call


@pytest.fixture
def app():
    app = Flask(__name__)

    @app.post("/echo")
    def echo():
        from flask import request

        try:
            return json.loads(request.data)
        except ValueError as e:
            return f"not JSON: {e}", 400

    return app


def test_parser_failure_is_reported(app, monkeypatch):
    error = ValueError("nope")
    monkeypatch.setattr(json, "loads", raising(error))
    response = app.test_client().post("/echo", data="{}")
    assert response.status_code == 400
    assert str(error) in response.text


def test_view_raises_what_the_test_made(app):
    error = LookupError("gone")

    @app.get("/boom")
    def boom():
        raise error

    @app.errorhandler(LookupError)
    def handle(e):
        assert e is error
        return "handled", 410

    assert app.test_client().get("/boom").status_code == 410


@pytest.mark.parametrize("error", [KeyError("a"), RuntimeError("b")], ids=["key", "runtime"])
def test_unhandled_errors_propagate_in_tests(app, error):
    app.testing = True
    app.add_url_rule("/boom", "boom", raising(error))
    with pytest.raises(type(error)):
        app.test_client().get("/boom")
