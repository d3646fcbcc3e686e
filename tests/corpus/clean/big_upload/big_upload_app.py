from hashlib import sha256

from flask import Flask, request


def create_app(folder):
    app = Flask(__name__)

    @app.post("/upload")
    def upload():
        file = request.files["file"]
        file.save(folder / "upload.bin")
        return {"name": file.filename, "size": (folder / "upload.bin").stat().st_size}

    @app.put("/raw")
    def raw():
        return sha256(request.get_data()).hexdigest()

    @app.post("/ignored")
    def ignored():
        return "thanks"

    return app
