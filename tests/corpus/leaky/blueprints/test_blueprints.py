from pathlib import Path

import pytest
from blueprints_app import create_app


@pytest.fixture
def client():
    return create_app(Path(__file__).with_name("prices.csv")).test_client()


def test_index(client):
    assert client.get("/shop/").text == "/shop/tea"


def test_slash_redirect(client):
    assert client.get("/shop").status_code == 308


def test_nested_blueprint(client):
    assert client.get("/staff/admin/").status_code == 403


def test_price(client):
    assert client.get("/shop/tea").text == "3.50"
