from contextlib import contextmanager

import pytest
from flask import Flask, got_request_exception, render_template, request_finished, template_rendered


@contextmanager
def captured_templates(app):
    recorded = []

    def record(sender, template, context, **extra):
        recorded.append((template, context))

    template_rendered.connect(record, app)
    try:
        yield recorded
    finally:
        template_rendered.disconnect(record, app)


@pytest.fixture
def app():
    app = Flask(__name__)

    @app.get("/hello/<name>")
    def hello(name):
        return render_template("hello.html", name=name)

    @app.get("/fail")
    def fail():
        raise OSError("disk full")

    return app


def test_template_and_context(app):
    with captured_templates(app) as templates:
        assert "Hello Ann" in app.test_client().get("/hello/Ann").text
    ((template, context),) = templates
    assert template.name == "hello.html"
    assert context["name"] == "Ann"


def test_request_finished(app):
    statuses = []

    def finished(sender, response, **extra):
        statuses.append(response.status_code)

    with request_finished.connected_to(finished, app):
        app.test_client().get("/hello/Bob")
        app.test_client().get("/nowhere")
    assert statuses == [200, 404]


def test_got_request_exception(app):
    errors = []

    def failed(sender, exception, **extra):
        errors.append(exception)

    got_request_exception.connect(failed, app)
    assert app.test_client().get("/fail").status_code == 500
    assert [str(e) for e in errors] == ["disk full"]
    got_request_exception.disconnect(failed, app)
