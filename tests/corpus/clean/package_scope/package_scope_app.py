from flask import Flask, current_app, request


def read_notes():
    return current_app.config["NOTES"].read_text(encoding="utf-8").splitlines()


def create_app(path):
    app = Flask(__name__)
    app.config["NOTES"] = path

    @app.get("/notes")
    def notes():
        return read_notes()

    @app.post("/notes")
    def add():
        with open(path, "a", encoding="utf-8") as file:
            file.write(request.form["text"] + "\n")
        return "", 204

    return app
