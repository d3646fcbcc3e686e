import pytest
from catch_all_app import create_app


@pytest.fixture
def words(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\ntea\ncoffee\n", encoding="utf-8")
    return path


@pytest.fixture
def client(words):
    return create_app(words).test_client()


def test_longest(client):
    assert client.get("/longest").text == "coffee"


def test_not_found(client):
    response = client.get("/nowhere")
    assert (response.status_code, response.json) == (404, {"error": "Not Found"})


def test_method(client):
    assert client.post("/longest").json == {"error": "Method Not Allowed"}


def test_crash(client):
    response = client.get("/first")
    assert (response.status_code, response.json) == (500, {"error": "IndexError"})
