from shop_mended import app


def test_quotes():
    quotes = app.test_client().get("/quotes").json
    assert [quote["supplier"] for quote in quotes] == ["Asa", "Bertil"]
