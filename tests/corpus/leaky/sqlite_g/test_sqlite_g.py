import pytest
from sqlite_g_app import create_app, init_db


@pytest.fixture
def app(tmp_path):
    path = tmp_path / "stock.sqlite"
    init_db(path)
    return create_app(path)


@pytest.fixture
def client(app):
    return app.test_client()


def test_no_database_needed(client):
    assert client.get("/about").text == "about"


def test_stock(client):
    assert client.get("/stock").json == ["tea"]


def test_unknown(client):
    assert client.get("/sold").status_code == 404
