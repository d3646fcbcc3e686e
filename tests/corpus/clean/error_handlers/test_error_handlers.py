import pytest
from error_handlers_app import create_app


@pytest.fixture
def client(tmp_path):
    help_path = tmp_path / "help.txt"
    help_path.write_text("I am a teapot", encoding="utf-8")
    return create_app(help_path).test_client()


def test_ok(client):
    assert client.get("/buy/x").text == "1"


def test_not_found(client):
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "Nothing here" in response.text


def test_wrong_method(client):
    assert client.delete("/buy/x").status_code == 405


def test_custom_exception(client):
    response = client.get("/buy/moon")
    assert (response.status_code, response.json) == (409, {"missing": "moon"})


def test_teapot(client):
    assert client.get("/buy/tea").text == "I am a teapot"


def test_unhandled(client):
    response = client.get("/buy/-")
    assert response.status_code == 500
    assert response.text == "<h1>ZeroDivisionError</h1>"
