import pytest
from app_logger_app import create_app


@pytest.fixture
def client(tmp_path):
    (tmp_path / "good.txt").write_text("1\n2\n", encoding="utf-8")
    (tmp_path / "bad.txt").write_text("1\ntwo\n", encoding="utf-8")
    return create_app(tmp_path).test_client()


def test_missing_file(client):
    assert client.get("/total?name=none.txt").status_code == 422


def test_bad_file(client):
    response = client.get("/total?name=bad.txt")
    assert (response.status_code, response.text) == (422, "no total")


def test_unexpected(client, caplog):
    assert client.get("/fail").text == "broken"
    assert [record.levelname for record in caplog.records] == ["ERROR", "CRITICAL"]
