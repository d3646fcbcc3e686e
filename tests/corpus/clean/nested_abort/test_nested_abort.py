import pytest
from nested_abort_app import create_app, find
from werkzeug.exceptions import NotFound

AUTH = ("ann", "secret")


@pytest.fixture
def client():
    return create_app({"a": "apple"}).test_client()


def test_found(client):
    assert client.get("/items/a", auth=AUTH).text == "apple"


def test_unauthorized(client):
    assert client.get("/items/a").status_code == 401


def test_not_found(client):
    response = client.get("/items/b", auth=AUTH)
    assert response.status_code == 404
    assert "no item b" in response.text


def test_abort_with_a_response(client):
    response = client.post("/items", json={})
    assert (response.status_code, response.json) == (422, {"error": "key?"})


def test_bad_json(client):
    assert client.post("/items", data="{", content_type="application/json").status_code == 400
    assert client.post("/items", data="{}").status_code == 415


def test_directly():
    with pytest.raises(NotFound) as e:
        find({}, "x")
    assert e.value.description == "no item x"
