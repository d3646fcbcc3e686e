import atexit
import sqlite3

from flask import Flask

app = Flask(__name__)
connection = sqlite3.connect("shop.sqlite", check_same_thread=False)
atexit.register(connection.close)


@app.get("/")
def index():
    (version,) = connection.execute("SELECT sqlite_version()").fetchone()
    return f"SQLite {version}"
