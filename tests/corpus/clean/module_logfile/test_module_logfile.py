import io

import module_logfile_app
import pytest


@pytest.fixture
def client():
    return module_logfile_app.app.test_client()


def test_index(client):
    assert client.get("/").text == "index"
    assert not module_logfile_app.AUDIT.closed


def test_audited(client, monkeypatch):
    audit = io.StringIO()
    monkeypatch.setattr(module_logfile_app, "AUDIT", audit)
    client.get("/nowhere")
    assert audit.getvalue() == "GET /nowhere 404\n"
