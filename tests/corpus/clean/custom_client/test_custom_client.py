import pytest
from custom_client_app import create_app
from flask.testing import FlaskClient
from werkzeug.wrappers import Response


class TokenClient(FlaskClient):
    def __init__(self, *args, token=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.token = token

    def open(self, *args, **kwargs):
        if self.token:
            kwargs.setdefault("headers", {})["Authorization"] = f"Bearer {self.token}"
        return super().open(*args, **kwargs)


class SizedResponse(Response):
    @property
    def size(self):
        return len(self.data)


@pytest.fixture(scope="module")
def app():
    app = create_app()
    app.test_client_class = TokenClient
    return app


def test_anonymous(app):
    assert app.test_client().get("/me").status_code == 401


def test_token(app):
    assert app.test_client(token="ann").get("/me").text == "ann"


def test_block(app):
    with app.test_client(token="bob") as client:
        assert client.post("/echo", json=[1, 2]).json == [1, 2]


def test_own_response_class(app):
    client = TokenClient(app, SizedResponse, token="eve")
    assert client.get("/me").size == 3
