"""A small program with one connection for its whole life."""

import sqlite3
import threading

from flask import Flask

DB = sqlite3.connect(":memory:", check_same_thread=False)
DB.execute("CREATE TABLE hit (path TEXT)")
LOCK = threading.Lock()

app = Flask(__name__)


@app.get("/hits/<name>")
def hit(name):
    with LOCK, DB:
        DB.execute("INSERT INTO hit VALUES (?)", (name,))
        (count,) = DB.execute("SELECT count(*) FROM hit WHERE path = ?", (name,)).fetchone()
    return str(count)
