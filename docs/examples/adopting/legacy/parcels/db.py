import sqlite3

from flask import current_app, g

SCHEMA = "CREATE TABLE parcel (number INTEGER PRIMARY KEY, town TEXT, kilos INTEGER)"
ROWS = [(1, "Bergen", 1), (2, "Lyon", 4), (3, "Porto", 12), (4, "Graz", 28)]


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
        g.db.row_factory = sqlite3.Row
    return g.db


def init_db(path):
    db = sqlite3.connect(path)
    db.execute(SCHEMA)
    db.executemany("INSERT INTO parcel VALUES (?, ?, ?)", ROWS)
    db.commit()
    db.close()
