import shop_queue

URL = "queue://localhost/orders"


def test_send():
    connection = shop_queue.Connection(URL)
    assert connection.send("tea")
