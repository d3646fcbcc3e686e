from shop_mended import app


def test_order():
    assert app.test_client().post("/order/tea").json == {"result": "not ordered: no answer"}
