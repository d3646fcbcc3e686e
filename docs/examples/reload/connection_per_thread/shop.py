import atexit
import sqlite3
import threading

from flask import Flask

app = Flask(__name__)
local = threading.local()
connections = []


def get_db():
    if not hasattr(local, "db"):
        local.db = sqlite3.connect("shop.sqlite")
        connections.append(local.db)
    return local.db


def close_connections():
    for connection in connections:
        connection.close()


atexit.register(close_connections)


@app.get("/")
def index():
    (version,) = get_db().execute("SELECT sqlite_version()").fetchone()
    return f"SQLite {version}"
