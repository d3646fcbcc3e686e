import atexit
import queue
import sqlite3
import threading

from flask import Flask, request


class Database:
    """Writes in a thread of its own, so that no request waits for the disk."""

    def __init__(self, path):
        self.path = path
        self.jobs = queue.Queue()
        self.thread = threading.Thread(target=self.write, name="database", daemon=True)
        self.thread.start()

    def execute(self, statement, *values):
        self.jobs.put((statement, values))

    def write(self):
        connection = sqlite3.connect(self.path)
        connection.execute("CREATE TABLE IF NOT EXISTS visits (path)")
        while (job := self.jobs.get()) is not None:
            with connection:
                connection.execute(*job)
        connection.close()

    def close(self):
        self.jobs.put(None)
        self.thread.join()


app = Flask(__name__)
database = Database("shop.sqlite")
atexit.register(database.close)


@app.get("/")
def index():
    database.execute("INSERT INTO visits VALUES (?)", request.path)
    return "welcome"
