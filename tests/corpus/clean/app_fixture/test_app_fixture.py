import pytest
from flask import request, url_for


def test_ping(client, accept_json):
    response = client.get("/ping", headers=accept_json)
    assert response.json == {"ping": "pong"}
    assert request.path == "/ping"


def test_url_for(app):
    with app.app_context():
        assert url_for("ping", _external=True) == "http://shop.example/ping"


@pytest.mark.parametrize("text", ["tea", ""])
def test_reverse(client, text):
    assert client.post("/reverse", data=text).text == text[::-1]


@pytest.mark.usefixtures("client")
class TestApp:
    def test_testing(self, app):
        assert app.testing

    def test_not_found(self, client):
        assert client.get("/nowhere").status_code == 404
