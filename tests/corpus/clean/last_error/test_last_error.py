from last_error_app import Poller, create_app


def test_value():
    assert create_app(Poller(lambda: 3)).test_client().get("/value").text == "3"


def test_error_is_remembered():
    def read():
        raise TimeoutError("timed out")

    poller = Poller(read)
    response = create_app(poller).test_client().get("/value")
    assert response.status_code == 203
    assert response.text == "stale: None (timed out)"
    assert isinstance(poller.error, TimeoutError)
