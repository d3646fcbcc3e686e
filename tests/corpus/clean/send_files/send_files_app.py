from io import BytesIO

from flask import Flask, jsonify, send_file, send_from_directory


def create_app(folder):
    app = Flask(__name__, static_folder=folder, static_url_path="/static")

    @app.get("/download/<path:name>")
    def download(name):
        return send_from_directory(folder, name, as_attachment=True)

    @app.get("/report")
    def report():
        return send_file(BytesIO(b"report"), mimetype="text/plain", etag=False)

    @app.get("/etag/<name>")
    def etag(name):
        response = send_from_directory(folder, name)
        response.close()
        return jsonify(response.get_etag()[0])

    return app
