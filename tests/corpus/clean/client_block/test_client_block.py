import pytest
from flask import Flask, g, request, session


@pytest.fixture(scope="module")
def app():
    app = Flask(__name__)
    app.config.update(TESTING=True, SECRET_KEY="test")

    @app.get("/")
    def index():
        g.visits = session["visits"] = session.get("visits", 0) + 1
        return str(g.visits)

    @app.get("/fail")
    def fail():
        raise RuntimeError("broken")

    return app


@pytest.fixture
def client(app):
    with app.test_client() as client:
        yield client


def test_preserved_context(app):
    with app.test_client() as c:
        rv = c.get("/?page=3")
        assert request.args["page"] == "3"
        assert g.visits == int(rv.text) == 1


def test_session_survives(client):
    client.get("/")
    client.get("/")
    assert session["visits"] == 2


def test_error_inside_the_block(client):
    with pytest.raises(RuntimeError):
        client.get("/fail")
    assert client.get("/").text == "1"


def test_not_found_inside_the_block(client):
    assert client.get("/nowhere").status_code == 404
    assert request.routing_exception is not None


def test_use_cookies(app):
    with app.test_client(use_cookies=False) as c:
        assert [c.get("/").text, c.get("/").text] == ["1", "1"]
