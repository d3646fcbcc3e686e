from flask import Flask, request


def create_app(db):
    app = Flask(__name__)

    @app.get("/notes")
    def notes():
        return [text for (text,) in db.execute("SELECT text FROM note")]

    @app.post("/notes")
    def add():
        db.execute("INSERT INTO note VALUES (?)", (request.form["text"],))
        return "", 201

    return app
