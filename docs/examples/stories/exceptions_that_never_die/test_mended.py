from shop_mended import app, carts


def test_order():
    answer = app.test_client().post("/order/tea").json
    assert answer == {"errors": ["Asa does not answer", "Bertil is slow"]}


def test_cart_is_gone_with_its_request():
    app.test_client().post("/order/tea")
    assert len(carts) == 0
