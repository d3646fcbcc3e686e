import pytest
from flask import Flask, current_app, g, has_request_context, request, url_for


@pytest.fixture
def shop():
    app = Flask(__name__)
    app.add_url_rule("/items/<int:key>", "item", lambda key: f"item {key}")
    app.before_request(lambda: setattr(g, "user", request.headers.get("X-User", "nobody")))
    return app


def test_outside(shop):
    with pytest.raises(RuntimeError, match="outside of request context"):
        request.path  # noqa: B018


def test_with_block(shop):
    with shop.test_request_context("/items/3?full=1"):
        assert request.view_args == {"key": 3}
        assert request.args["full"] == "1"
    assert not has_request_context()


def test_url_for(shop):
    with shop.app_context(), shop.test_request_context():
        assert url_for("item", key=4) == "/items/4"
        assert current_app.name == shop.name


def test_dispatch(shop):
    with shop.test_request_context("/items/5", headers={"X-User": "ann"}):
        response = shop.full_dispatch_request()
        assert response.get_data(as_text=True) == "item 5"
        assert g.user == "ann"


def test_preprocess(shop):
    ctx = shop.test_request_context("/items/5")
    ctx.push()  # leak: context
    shop.preprocess_request()
    user = g.user
    assert user == "nobody"
