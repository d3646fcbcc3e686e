import pytest
from open_resource_app import create_app


@pytest.fixture
def app():
    return create_app()


def test_version(app):
    assert app.test_client().get("/version").text == "1.4"


def test_capital(app):
    assert app.test_client().get("/capital/Italy").text == "Rome"


def test_missing_resource(app):
    with pytest.raises(FileNotFoundError):
        app.open_resource("missing.txt")


def test_instance_resource(tmp_path):
    from flask import Flask

    (tmp_path / "secret.txt").write_text("s3cret", encoding="utf-8")
    with Flask(__name__, instance_path=str(tmp_path)).open_instance_resource("secret.txt", "r") as file:
        assert file.read() == "s3cret"
