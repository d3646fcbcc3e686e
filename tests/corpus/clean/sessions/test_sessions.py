import pytest
from flask import Flask, flash, get_flashed_messages, redirect, session


@pytest.fixture
def app():
    app = Flask(__name__)
    app.config.update(TESTING=True, SECRET_KEY="test")

    @app.post("/login/<user>")
    def login(user):
        session["user"] = user
        flash(f"welcome {user}")
        return redirect("/")

    @app.post("/logout")
    def logout():
        session.clear()
        return "bye"

    @app.get("/")
    def index():
        return {"user": session.get("user"), "messages": get_flashed_messages()}

    return app


@pytest.fixture
def client(app):
    return app.test_client()


def test_login(client):
    response = client.post("/login/ann", follow_redirects=True)
    assert response.json == {"user": "ann", "messages": ["welcome ann"]}


def test_session_is_visible_inside_the_block(client):
    with client:
        client.post("/login/ann")
        assert session["user"] == "ann"


def test_session_transaction(client):
    with client.session_transaction() as sess:
        sess["user"] = "bob"
    assert client.get("/").json["user"] == "bob"


def test_logout(client):
    with client.session_transaction() as sess:
        sess["user"] = "bob"
    client.post("/logout")
    with client.session_transaction() as sess:
        assert "user" not in sess


def test_cookies(client):
    client.set_cookie("theme", "dark")
    assert client.get_cookie("theme").value == "dark"
