import sqlite3

from flask import Flask, g

app = Flask(__name__)


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect("shop.sqlite")
    return g.db


@app.teardown_appcontext
def close_db(exception):
    db = g.pop("db", None)
    if db is not None:
        db.close()


@app.get("/")
def index():
    (version,) = get_db().execute("SELECT sqlite_version()").fetchone()
    return f"SQLite {version}"
