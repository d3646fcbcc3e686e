from hashlib import sha256
from io import BytesIO

import pytest
from big_upload_app import create_app

BIG = b"x" * 600_000


@pytest.fixture
def client(tmp_path):
    return create_app(tmp_path).test_client()


def test_multipart(client):
    response = client.post("/upload", data={"file": (BytesIO(BIG), "big.bin")})
    assert response.json == {"name": "big.bin", "size": 600_000}


def test_multipart_from_disk(client, tmp_path):
    path = tmp_path / "source.bin"
    path.write_bytes(BIG)
    with path.open("rb") as file:
        response = client.post("/upload", data={"file": (file, "source.bin")})
    assert response.json["size"] == len(BIG)


def test_raw(client):
    assert client.put("/raw", data=BIG).text == sha256(BIG).hexdigest()


def test_never_read(client):
    assert client.post("/ignored", data={"file": (BytesIO(BIG), "big.bin")}).text == "thanks"
