import pytest
from flask import Flask, current_app, g, request


@pytest.fixture
def app(request):
    app = Flask(__name__)
    ctx = app.app_context()
    ctx.push()
    request.addfinalizer(ctx.pop)
    return app


@pytest.fixture
def page(app, request):
    ctx = app.test_request_context("/?page=7")
    ctx.push()
    request.addfinalizer(ctx.pop)
    return ctx


@pytest.fixture
def log(request, tmp_path):
    file = (tmp_path / "log.txt").open("w+", encoding="utf-8")
    request.addfinalizer(file.close)
    return file


def test_app_context(app):
    g.user = "ann"
    assert current_app.name == app.name


def test_request_context(page):
    assert request.args["page"] == "7"


def test_log(app, log):
    print(app.name, file=log)
    log.seek(0)
    assert log.read() == "test_addfinalizer\n"
