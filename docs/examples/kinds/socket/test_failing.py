import socket

import pytest
from shop import app


@pytest.fixture
def printer():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def test_health(printer):
    app.config["PRINTER"] = printer
    assert app.test_client().get("/health").json == {"printer": True}
