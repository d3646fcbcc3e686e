import queue
import threading

from flask import Flask, request


class Worker:
    """Append lines to a file in the background, until stop()."""

    def __init__(self, path):
        self.path = path
        self.queue = queue.Queue()
        self.thread = threading.Thread(target=self.run, name="worker")
        self.thread.start()

    def run(self):
        file = open(self.path, "a", encoding="utf-8")  # leak: file
        for line in iter(self.queue.get, None):
            file.write(line + "\n")

    def stop(self):
        self.queue.put(None)
        self.thread.join()


def create_app(worker):
    app = Flask(__name__)

    @app.post("/log")
    def log():
        worker.queue.put(request.form["line"])
        return "", 202

    return app
