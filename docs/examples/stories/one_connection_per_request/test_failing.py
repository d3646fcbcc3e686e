import pytest
from shop import create_app


@pytest.fixture
def client(tmp_path):
    return create_app(tmp_path / "shop.sqlite").test_client()


def test_wrong_number(client):
    assert client.post("/stock/tea/many").status_code == 400
