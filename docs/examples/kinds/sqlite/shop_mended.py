import sqlite3

from flask import Flask, g

app = Flask(__name__)
app.config["DATABASE"] = ":memory:"


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(app.config["DATABASE"])
    return g.db


@app.teardown_appcontext
def close_db(error):
    db = g.pop("db", None)
    if db is not None:
        db.close()


@app.get("/version")
def version():
    return {"sqlite": get_db().execute("SELECT sqlite_version()").fetchone()[0]}
