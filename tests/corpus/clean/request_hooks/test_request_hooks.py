import pytest
from request_hooks_app import create_app


@pytest.fixture
def audit_path(tmp_path):
    return tmp_path / "audit.log"


@pytest.fixture
def app(audit_path):
    return create_app(audit_path)


def test_after_request(app, audit_path):
    assert app.test_client().get("/").headers["X-Served-By"] == "hooks"
    assert app.extensions["seen"] == ["NoneType"]
    assert not audit_path.exists()


def test_teardown_sees_the_error(app):
    assert app.test_client().get("/fail").status_code == 500
    assert app.extensions["seen"] == ["RuntimeError"]


def test_short_circuit(app):
    app.before_request(lambda: ("closed", 503))
    assert app.test_client().get("/").status_code == 503


def test_audit(app, audit_path):
    response = app.test_client().post("/orders", data={"item": "tea"})
    assert response.status_code == 201
    assert audit_path.read_text(encoding="utf-8") == "tea\n"
