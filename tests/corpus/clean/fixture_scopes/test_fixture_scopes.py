import pytest
from flask import current_app, g, has_request_context, request


@pytest.fixture(scope="class")
def french(app):
    app.config["GREETING"] = "bonjour"
    with app.app_context():
        yield
    app.config["GREETING"] = "hello"


@pytest.fixture
def request_context(app):
    with app.test_request_context("/?page=2"):
        yield


def test_session_scope(app_context):
    assert current_app.config["TESTING"]


def test_module_scope(module_context):
    g.seen.append("first")
    assert "first" in g.seen


def test_module_scope_again(module_context):
    module_context.g.seen.append("again")
    assert g.seen[-1] == "again"


@pytest.mark.usefixtures("french")
class TestFrench:
    def test_context(self):
        assert current_app.config["GREETING"] == "bonjour"

    def test_client(self, client):
        assert client.get("/").text == "bonjour"
        assert has_request_context()


def test_function_scope(request_context):
    assert request.args["page"] == "2"


def test_client_after_all(client):
    assert client.get("/").text == "hello"
    assert client.get("/?page=3").request.args["page"] == "3"
