import pytest
from flask.testing import FlaskClient
from shop import app


class BufferedClient(FlaskClient):
    """Reads each body into memory, and closes the response at once."""

    def open(self, *args, buffered=True, **kwargs):
        return super().open(*args, buffered=buffered, **kwargs)


@pytest.fixture
def client():
    app.test_client_class = BufferedClient
    return app.test_client()


def test_manual(client):
    assert client.get("/manual/kettle.txt").text.startswith("Kettle, 1.7 l")
