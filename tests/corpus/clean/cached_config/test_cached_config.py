import pytest
from cached_config_app import config, create_app, currency


@pytest.fixture(scope="module")
def client():
    return create_app().test_client()


def test_testing(client):
    assert client.application.testing


def test_sign(client):
    assert client.get("/sign/EUR").text == "€"
    assert client.get("/sign/XXX").status_code == 404


def test_read_once(client):
    assert config() is config()
    assert config.cache_info().misses == 1


def test_cache_clear():
    currency("GBP")
    currency.cache_clear()
    assert currency.cache_info().currsize == 0
