import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from tempdirs_app import create_app


@pytest.fixture
def folder():
    temporary = tempfile.TemporaryDirectory(prefix="tempdirs-")  # leak: tempdir
    yield Path(temporary.name)


def test_folder(folder):
    (folder / "a.txt").write_text("a", encoding="utf-8")
    assert [path.name for path in folder.iterdir()] == ["a.txt"]


def test_zip():
    files = [(BytesIO(b"one"), "one.txt"), (BytesIO(b"two"), "two.txt")]
    response = create_app().test_client().post("/zip", data={"file": files})
    with zipfile.ZipFile(BytesIO(response.data)) as archive:
        assert sorted(archive.namelist()) == ["one.txt", "two.txt"]


def test_named_file():
    with (
        tempfile.NamedTemporaryFile("w+", encoding="utf-8") as file,
        tempfile.SpooledTemporaryFile(10) as spooled,
    ):
        file.write("hello")
        file.seek(0)
        spooled.write(b"more than ten bytes")
        assert file.read() == "hello"
