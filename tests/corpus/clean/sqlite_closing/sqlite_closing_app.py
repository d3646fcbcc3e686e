import sqlite3
from contextlib import closing

from flask import Flask, request


def create_app(path):
    app = Flask(__name__)

    @app.post("/visits")
    def visit():
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("INSERT INTO visit VALUES (?)", (request.form["page"],))
        return "", 204

    @app.get("/visits")
    def count():
        db = sqlite3.connect(path)
        try:
            return str(db.execute("SELECT count(*) FROM visit").fetchone()[0])
        finally:
            db.close()

    return app
