"""A client that keeps its contexts, and streamed responses that keep them too, read or not."""

import flask
import pytest

app = flask.Flask(__name__)
app.testing = True


@app.get("/")
def index():
    return "ok"


@app.get("/stream")
def stream():
    def parts():
        yield flask.request.path
        yield "end"

    return flask.stream_with_context(parts())


@pytest.fixture(scope="module")
def context():
    with app.app_context():
        yield


@pytest.fixture(params=["no context around it", "in a context"])
def client(request):
    if request.param == "in a context":
        request.getfixturevalue("context")
    with app.test_client() as client:
        yield client


def test_unread(client):
    assert client.get("/stream").status_code == 200


def test_unread_twice(client):
    assert client.get("/stream").status_code == 200
    assert client.get("/stream").status_code == 200


def test_kept(client):
    kept = client.get("/stream")
    assert kept.status_code == 200


def test_mixed(client):
    assert client.get("/").text == "ok"
    assert client.get("/none").status_code == 404
    assert client.get("/stream").status_code == 200


def test_read(client):
    assert client.get("/stream").text == "/streamend"
    assert flask.request.path == "/stream"
