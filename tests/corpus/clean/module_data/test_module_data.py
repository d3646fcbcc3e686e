import pytest


@pytest.fixture
def client(app):
    return app.test_client()


def test_unknown(client):
    assert client.get("/xx").status_code == 404


def test_all_countries(client, countries):
    for line in countries:
        code, name = line.split()
        assert client.get(f"/{code}").text == name


def test_last(client):
    assert client.get("/it").text == "Italy"
