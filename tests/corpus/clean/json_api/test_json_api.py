import pytest
from flask import json, url_for
from json_api_app import create_app


@pytest.fixture
def app():
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


def test_create_and_show(client):
    created = client.post("/orders", json={"total": "3.50"})
    assert created.status_code == 201
    shown = client.get(created.location)
    assert shown.is_json
    assert shown.json == {"order": {"id": 1, "day": "Thu, 29 Feb 2024 00:00:00 GMT", "total": "3.50"}}


def test_missing(client):
    assert client.get("/orders/9").get_json() == {"error": "no such order"}


def test_wrong_content_type(client):
    assert client.post("/orders", data="total=1").status_code == 415


def test_missing_key(client):
    assert client.post("/orders", json={}).status_code == 500


def test_not_json(client):
    response = client.get("/nowhere")
    assert response.get_json(silent=True) is None


def test_url_for(app):
    with app.test_request_context():
        assert url_for("show", key=3, _external=True) == "http://localhost/orders/3"


def test_dumps(app):
    with app.app_context():
        assert json.loads(json.dumps({"b": 1, "a": 2})) == {"a": 2, "b": 1}
        with pytest.raises(TypeError):
            json.dumps(object())
