import pytest

pytest.importorskip("flask_sqlalchemy")

from sqlalchemy_dispose_app import create_app, db  # noqa: E402


@pytest.fixture
def app(tmp_path):
    app = create_app(f"sqlite:///{tmp_path / 'items.sqlite'}")
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.session.remove()
        db.drop_all()
        db.engine.dispose()


def test_items(app):
    client = app.test_client()
    for name in ("tea", "milk"):
        assert client.post("/items", data={"name": name}).status_code == 201
    assert client.get("/items").json == ["milk", "tea"]
    assert client.post("/items", data={"name": "tea"}).status_code == 500
    assert client.get("/health").text == "ok"
