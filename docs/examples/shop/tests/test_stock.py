def test_init_db(app):
    result = app.test_cli_runner().invoke(args=["init-db"])
    assert result.output == "Initialized the database.\n"


def test_stock(client):
    assert client.get("/stock/tea").json == {"sku": "tea", "pieces": 120}
