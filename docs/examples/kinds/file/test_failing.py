from shop import app


def test_price():
    assert app.test_client().get("/price/tea").json == {"cents": 890}
