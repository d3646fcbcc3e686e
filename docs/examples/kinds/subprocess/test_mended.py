from shop_mended import app


def test_label():
    assert app.test_client().post("/label/tea").json == {"printer": "printed"}
