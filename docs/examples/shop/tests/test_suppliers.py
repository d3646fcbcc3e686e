import socket

import pytest
from shop.suppliers import is_reachable, order, quotes


@pytest.fixture
def supplier():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def test_reachable(supplier):
    assert is_reachable(supplier)


def test_quotes():
    async def cheap(sku):
        return 700

    async def dear(sku):
        return 950

    assert quotes("tea", [dear, cheap]) == 700


def test_order():
    assert order("tea", lambda sku: f"ordered: {sku}") == "ordered: tea"


def test_order_without_an_answer():
    def send(sku):
        raise ConnectionError("no answer")

    assert order("tea", send) == "not ordered: no answer"
