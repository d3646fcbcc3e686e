import pytest

from .package_scope_app import create_app


@pytest.fixture(scope="package")
def app(tmp_path_factory):
    path = tmp_path_factory.mktemp("notes") / "notes.txt"
    path.write_text("first\n", encoding="utf-8")
    app = create_app(path)
    with app.app_context():
        yield app


@pytest.fixture(scope="package")
def client(app):
    return app.test_client()
