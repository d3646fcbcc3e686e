from shop import app


def test_order():
    answer = app.test_client().post("/order/tea").json
    assert answer == {"errors": ["Asa does not answer", "Bertil is slow"]}
