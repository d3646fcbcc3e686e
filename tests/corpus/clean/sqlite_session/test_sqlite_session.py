import pytest
from sqlite_session_app import create_app


@pytest.fixture
def client(db):
    return create_app(db).test_client()


def test_empty(client):
    assert client.get("/notes").json == []


def test_add(client):
    client.post("/notes", data={"text": "first"})
    assert client.get("/notes").json == ["first"]


def test_empty_again(client):
    assert client.get("/notes").json == []
