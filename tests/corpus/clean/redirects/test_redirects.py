from pathlib import Path

import pytest
from flask import Flask, redirect, request, send_file, url_for


@pytest.fixture
def client():
    app = Flask(__name__)

    @app.get("/old")
    def old():
        return redirect(url_for("middle"), 301)

    @app.get("/middle")
    def middle():
        return redirect(url_for("new", page=request.args.get("page", 1)))

    @app.route("/new/", methods=["GET", "POST"])
    def new():
        return f"{request.method} {request.args.get('page')} {len(request.get_data())}"

    @app.post("/again")
    def again():
        return redirect(url_for("new"), 307)

    @app.get("/moved")
    def moved():
        response = send_file(Path(__file__), mimetype="text/plain")
        response.status_code = 302
        response.headers["Location"] = url_for("new")
        return response

    return app.test_client()


def test_location(client):
    assert client.get("/old").location == "/middle"


def test_follow(client):
    response = client.get("/old", follow_redirects=True)
    assert response.request.path == "/new/"
    assert [r.status_code for r in response.history] == [301, 302]
    assert response.text == "GET 1 0"


def test_slash(client):
    assert client.get("/new", follow_redirects=True).status_code == 200


def test_body_is_sent_again(client):
    assert client.post("/again", data=b"abc", follow_redirects=True).text == "POST None 3"


def test_big_body_is_sent_again(client):
    assert client.post("/again", data=b"x" * 600_000, follow_redirects=True).text == "POST None 600000"


def test_redirect_with_a_file(client):
    assert client.get("/moved", follow_redirects=True).text == "GET None 0"
