import pytest
from method_views_app import create_app


@pytest.fixture(scope="module")
def client():
    return create_app().test_client()


def test_get(client):
    assert client.get("/items/1").json == "tea"


def test_get_unknown(client):
    assert client.get("/items/2").status_code == 404


def test_put(client):
    assert client.put("/items/1", data={"quantity": "3"}).json == {"quantity": 3}


def test_put_nonsense(client):
    response = client.put("/items/1", data={"quantity": "many"})
    assert response.status_code == 422
    assert "many" in response.json["error"]


def test_method_not_allowed(client):
    assert client.post("/items/1").status_code == 405


def test_plain_view(client):
    assert client.get("/about").text == "About us"
