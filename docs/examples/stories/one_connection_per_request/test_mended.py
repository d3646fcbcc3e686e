import pytest
from shop_mended import create_app


@pytest.fixture
def app(tmp_path):
    return create_app(tmp_path / "shop.sqlite")


@pytest.fixture
def client(app):
    return app.test_client()


def test_wrong_number(client):
    assert client.post("/stock/tea/many").status_code == 400


def test_next_one_is_not_locked_out(client):
    assert client.post("/stock/tea/many").status_code == 400
    assert client.post("/stock/tea/12").json == {"sku": "tea", "pieces": 12}


def test_context_around_requests(app, client):
    with app.app_context():
        first, second = (client.get("/connection").json for _ in range(2))
    assert first == second
