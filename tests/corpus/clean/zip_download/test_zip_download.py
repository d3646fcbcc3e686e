import zipfile
from io import BytesIO

import pytest
from zip_download_app import create_app


@pytest.fixture
def client():
    return create_app({"items": [["tea", 3], ["milk", 1]], "empty": []}).test_client()


def test_export(client):
    response = client.get("/export.zip")
    assert response.mimetype == "application/zip"
    with zipfile.ZipFile(BytesIO(response.data)) as archive:
        assert archive.read("items.csv") == b"tea,3\r\nmilk,1\r\n"


def test_headers_only(client):
    response = client.get("/export.zip")
    assert "export.zip" in response.headers["Content-Disposition"]


def test_saved(client, tmp_path):
    path = tmp_path / "export.zip"
    with path.open("wb") as file, client.get("/export.zip") as response:
        file.writelines(response.iter_encoded())
    assert zipfile.is_zipfile(path)
