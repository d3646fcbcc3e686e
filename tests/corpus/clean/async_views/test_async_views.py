import pytest

pytest.importorskip("asgiref")

from async_views_app import create_app  # noqa: E402


@pytest.fixture
def client(tmp_path):
    path = tmp_path / "settings.txt"
    path.write_text("colour=red\nsize=4\n", encoding="utf-8")
    return create_app(path).test_client()


def test_setting(client):
    assert client.get("/settings/size").text == "4"


def test_gather(client):
    assert client.get("/both").json == ["a", "b"]


def test_unhandled(client):
    assert client.get("/fail").status_code == 500


def test_propagated(client):
    client.application.testing = True
    with pytest.raises(RuntimeError, match="broken"):
        client.get("/fail")
