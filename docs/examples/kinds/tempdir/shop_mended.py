import tempfile
from pathlib import Path

from flask import Flask, request

app = Flask(__name__)


@app.post("/photo")
def photo():
    with tempfile.TemporaryDirectory(prefix="photos-") as folder:
        path = Path(folder, "photo.jpg")
        request.files["photo"].save(path)
        return {"bytes": path.stat().st_size}
