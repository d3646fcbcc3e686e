def test_shop(dev_server):
    server = dev_server("shop:app")
    assert server.get("/").status_code == 200
    server.reload().check()


def test_shop_mended(dev_server):
    server = dev_server("shop_mended:app")
    assert server.get("/").status_code == 200
    server.reload().check()
