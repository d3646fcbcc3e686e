import logging

import pytest
from caplog_exc_info_app import create_app


@pytest.fixture
def client():
    return create_app({"EUR": 1, "XXX": 0}).test_client()


def test_known_rate_logs_nothing(client, caplog):
    assert client.get("/rate/EUR").text == "1"
    assert not caplog.records


def test_unknown_rate_is_logged_with_traceback(client, caplog):
    assert client.get("/rate/GBP").status_code == 404
    (record,) = caplog.records
    assert record.getMessage() == "no rate for GBP"
    assert record.exc_info[0] is KeyError
    assert record.exc_info[1].args == ("GBP",)


def test_unhandled_error_is_logged_by_flask(client, caplog):
    with caplog.at_level(logging.ERROR):
        assert client.get("/worth/XXX").status_code == 500
    assert "ZeroDivisionError" in caplog.text
    assert caplog.records[-1].exc_info
    caplog.clear()
    assert client.get("/worth/EUR").text == "1.0"
    assert caplog.record_tuples == []
