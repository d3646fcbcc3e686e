from contextlib import closing

import pytest
from flask import Flask, request
from werkzeug.test import Client, EnvironBuilder, create_environ, run_wsgi_app
from werkzeug.wrappers import Request, Response


@pytest.fixture
def app():
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: f"{request.method} {request.args.get('q')}")
    return app


def test_client(app):
    response = Client(app).get("/", query_string={"q": "tea"})
    assert response.text == "GET tea"
    assert response.request.path == "/"


def test_response_wrapper(app):
    assert isinstance(Client(app, Response).get("/"), Response)


def test_run_wsgi_app(app):
    iterable, status, headers = run_wsgi_app(app, create_environ("/?q=milk"), buffered=True)
    assert status == "200 OK"
    assert b"".join(iterable) == b"GET milk"
    assert headers["Content-Type"].startswith("text/html")


def test_response_from_app(app):
    with Response.from_app(app, create_environ("/nowhere")) as response:
        assert response.status_code == 404


def test_plain_wsgi():
    @Request.application
    def upper(req):
        return Response(req.get_data(as_text=True).upper())

    assert Client(upper).post("/", data="tea").text == "TEA"


def test_builder(app):
    builder = EnvironBuilder(path="/", method="POST", data={"a": "1"})
    with closing(builder), app.request_context(builder.get_environ()):
        assert request.form["a"] == "1"
