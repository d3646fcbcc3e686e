import csv
import io
import zipfile

from flask import Flask, send_file


def create_app(tables):
    app = Flask(__name__)

    @app.get("/export.zip")
    def export():
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, rows in tables.items():
                with (
                    archive.open(f"{name}.csv", "w") as raw,
                    io.TextIOWrapper(raw, "utf-8", newline="") as file,
                ):
                    csv.writer(file).writerows(rows)
        buffer.seek(0)
        return send_file(buffer, mimetype="application/zip", as_attachment=True, download_name="export.zip")

    return app
