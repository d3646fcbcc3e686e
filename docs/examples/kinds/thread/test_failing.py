import pytest
from shop import create_app


@pytest.fixture
def app():
    return create_app()


def test_order(app):
    assert app.test_client().post("/order/tea").json == {"ordered": "tea"}
