import pytest
from shop import create_app


@pytest.fixture
def app():
    app = create_app()
    yield app
    app.extensions["mailer"].close()


def test_order(app):
    assert app.test_client().post("/order/tea").json == {"ordered": "tea"}
