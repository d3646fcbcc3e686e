import tempfile
import unittest
from pathlib import Path

from flask import Flask, request


def create_app(folder):
    app = Flask(__name__)

    @app.post("/files/<name>")
    def save(name):
        request.files["file"].save(folder / name)
        return "", 204

    return app


class TestFiles(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.client = create_app(self.folder).test_client()

    def test_upload(self):
        source = self.folder / "source.txt"
        source.write_text("tea", encoding="utf-8")
        with source.open("rb") as file:
            response = self.client.post("/files/copy.txt", data={"file": (file, "source.txt")})
        self.assertEqual(response.status_code, 204)
        self.copy = (self.folder / "copy.txt").open(encoding="utf-8")  # leak: file
        self.assertEqual(self.copy.read(), "tea")

    def test_no_file(self):
        self.assertEqual(self.client.post("/files/copy.txt").status_code, 400)
