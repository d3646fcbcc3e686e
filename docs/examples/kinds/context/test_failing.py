import pytest
from shop import create_app, price_with_vat


@pytest.fixture
def app():
    app = create_app()
    app.app_context().push()
    return app


def test_price(app):
    assert price_with_vat(1000) == 1200
