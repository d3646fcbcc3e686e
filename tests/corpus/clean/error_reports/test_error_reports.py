import pytest
from error_reports_app import create_app


@pytest.fixture
def client():
    return create_app().test_client()


def test_good_rows(client):
    assert client.post("/evaluate", json=["1", "2"]).json == {"total": 3, "errors": []}


def test_bad_row(client):
    data = client.post("/evaluate", json=["1", "x", "2"]).json
    assert data["total"] == 3
    assert data["errors"] == ["ValueError: invalid literal for int() with base 10: 'x'"]


def test_no_rows(client):
    assert client.post("/evaluate", json={}).json["total"] == 0
