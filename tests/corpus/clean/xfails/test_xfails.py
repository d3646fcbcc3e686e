import pytest
from flask import Flask, g, request


@pytest.fixture
def client():
    app = Flask(__name__)
    app.testing = True
    app.add_url_rule("/<int:n>", view_func=lambda n: str(10 // n))
    with app.test_client() as client:
        yield client


def test_divides(client):
    assert client.get("/5").text == "2"


@pytest.mark.xfail(raises=ZeroDivisionError, strict=True, reason="zero is not handled yet")
def test_zero(client):
    assert client.get("/0").status_code == 400


@pytest.mark.xfail(reason="negative numbers are not routed")
def test_negative(client):
    response = client.get("/-5")
    expected = request.path.strip("/-")
    assert response.text == expected


@pytest.mark.xfail(reason="closes its file all the same")
def test_fails_with_a_file(tmp_path):
    with open(tmp_path / "numbers.txt", "w+", encoding="utf-8") as file:
        file.write("1\n")
        assert file.read() == "1\n"


def test_imperative(client):
    if not client.get("/3").text.startswith("3.3"):
        pytest.xfail("only whole numbers")


def test_after_all(client):
    assert client.get("/2").text == "5"
    assert "user" not in g
