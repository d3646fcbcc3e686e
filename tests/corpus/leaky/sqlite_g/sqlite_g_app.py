import sqlite3
from contextlib import closing

from flask import Flask, current_app, g


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])  # leak: sqlite
        g.db.row_factory = sqlite3.Row
    return g.db


def init_db(path):
    with closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE item (name TEXT); INSERT INTO item VALUES ('tea');")


def create_app(path):
    app = Flask(__name__)
    app.config["DATABASE"] = path

    @app.get("/stock")
    def stock():
        return [row["name"] for row in get_db().execute("SELECT name FROM item")]

    @app.get("/about")
    def about():
        return "about"

    return app
