from shop import app


def test_stock():
    assert app.test_client().get("/stock/tea").json == {"pieces": 3}
