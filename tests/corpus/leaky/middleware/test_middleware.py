import pytest
from middleware_app import Clock, create_app
from werkzeug.test import Client


@pytest.fixture
def log_path(tmp_path):
    return tmp_path / "access.log"


@pytest.fixture
def app(log_path):
    return create_app(log_path)


def test_clock(app):
    assert app.test_client().get("/").text == "http True"


def test_proxy(app, log_path):
    assert app.test_client().get("/", headers={"X-Forwarded-Proto": "https"}).text == "https True"
    assert not log_path.exists()


def test_mounted(app, log_path):
    assert app.test_client().get("/api/").text == "api"
    assert log_path.read_text(encoding="utf-8") == "/api/\n"


def test_wrapped_from_outside(app):
    assert Client(Clock(app)).get("/nowhere").status_code == 404
