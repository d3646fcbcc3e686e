import pytest
from flask import Flask, request


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source.txt"
    path.write_text("tea\nmilk\n", encoding="utf-8")
    return path.open("rb")  # leak: file


@pytest.fixture
def client():
    app = Flask(__name__)
    app.add_url_rule("/lines", view_func=lambda: str(len(request.data.splitlines())), methods=["POST"])
    return app.test_client()


def test_input_stream(client, source):
    assert client.post("/lines", input_stream=source, content_length=9).text == "2"


def test_no_lines(client):
    assert client.post("/lines").text == "0"
