import pytest
from retries_app import create_app, retry


def test_first_time():
    assert create_app(lambda: 3).test_client().get("/rate").text == "3"


def test_gives_up():
    calls = []

    def fetch():
        calls.append(1)
        raise ConnectionError("reset")

    response = create_app(fetch).test_client().get("/rate")
    assert (response.status_code, response.text) == (504, "gave up: reset")
    assert len(calls) == 3


def test_other_errors_are_not_retried():
    @retry(3, ConnectionError)
    def fetch():
        raise ValueError("not retried")

    with pytest.raises(ValueError):
        fetch()
