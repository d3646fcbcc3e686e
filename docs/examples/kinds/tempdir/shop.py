import tempfile
from pathlib import Path

from flask import Flask, request

app = Flask(__name__)


@app.post("/photo")
def photo():
    folder = tempfile.TemporaryDirectory(prefix="photos-")
    path = Path(folder.name, "photo.jpg")
    request.files["photo"].save(path)
    return {"bytes": path.stat().st_size}
