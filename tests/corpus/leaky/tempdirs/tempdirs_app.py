import shutil
import tempfile
from pathlib import Path

from flask import Flask, request


def create_app():
    app = Flask(__name__)

    @app.post("/zip")
    def zipped():
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "source")
            source.mkdir()
            for file in request.files.getlist("file"):
                file.save(source / file.filename)
            archive = shutil.make_archive(str(Path(folder, "all")), "zip", source)
            return Path(archive).read_bytes(), {"Content-Type": "application/zip"}

    return app
