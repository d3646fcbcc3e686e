import contextvars

import pytest
from context_vars_app import _tenant, create_app, tenant


@pytest.fixture
def client():
    return create_app().test_client()


@pytest.fixture
def acme():
    token = _tenant.set("acme")
    yield
    _tenant.reset(token)


def test_default(client):
    assert client.get("/").text == "public"


def test_header(client):
    assert client.get("/", headers={"X-Tenant": "acme"}).text == "acme"
    with pytest.raises(RuntimeError, match="no tenant"):
        str(tenant)


def test_fixture(acme):
    assert tenant == "acme"


def test_own_context(client):
    context = contextvars.copy_context()
    assert context.run(client.get, "/").text == "public"
    assert _tenant not in context
