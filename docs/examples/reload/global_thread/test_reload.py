def test_shop(dev_server):
    # Python would wait for the thread for ever. After this time the wait is interrupted, as by Ctrl-C, so
    # that the rest of the process can be looked at: one second instead of five keeps the test short.
    server = dev_server("shop:app", wait_for_threads=1)
    assert server.get("/").status_code == 200
    server.reload().check()


def test_shop_mended(dev_server):
    server = dev_server("shop_mended:app")
    assert server.get("/").status_code == 200
    server.reload().check()
