import pytest
from shop import create_app, price_with_vat


@pytest.fixture
def app():
    app = create_app()
    with app.app_context():
        yield app


def test_price(app):
    assert price_with_vat(1000) == 1200
