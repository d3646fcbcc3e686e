import pytest
from send_files_app import create_app


@pytest.fixture
def client(tmp_path):
    (tmp_path / "notes.txt").write_text("0123456789", encoding="utf-8")
    return create_app(tmp_path).test_client()


def test_read(client):
    response = client.get("/download/notes.txt")
    assert response.data == b"0123456789"
    assert response.headers["Content-Disposition"] == "attachment; filename=notes.txt"


def test_status_only(client):
    assert client.get("/download/notes.txt").status_code == 200


def test_head(client):
    assert client.head("/download/notes.txt").content_length == 10


def test_not_modified(client):
    etag = client.get("/static/notes.txt").headers["ETag"]
    assert client.get("/static/notes.txt", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("ranges, status", [("bytes=2-4", 206), ("bytes=50-", 416)])
def test_range(client, ranges, status):
    response = client.get("/static/notes.txt", headers={"Range": ranges})
    assert response.status_code == status


def test_with_block(client):
    with client.get("/static/notes.txt") as response:
        assert response.data.startswith(b"0123")


def test_missing(client):
    assert client.get("/download/missing.txt").status_code == 404


def test_in_memory(client):
    assert client.get("/report").data == b"report"


def test_etag(client):
    assert client.get("/etag/notes.txt").json
