import queue
import threading

from flask import Flask, current_app


class Mailer:
    """Sends in the background; one thread for each application."""

    def __init__(self):
        self.sent = []
        self.letters = queue.Queue()
        self.thread = threading.Thread(target=self.work, name="mailer", daemon=True)
        self.thread.start()

    def work(self):
        while (letter := self.letters.get()) is not None:
            self.sent.append(letter)

    def close(self):
        self.letters.put(None)
        self.thread.join()


def create_app():
    app = Flask(__name__)
    app.extensions["mailer"] = Mailer()

    @app.post("/order/<sku>")
    def order(sku):
        current_app.extensions["mailer"].letters.put(f"ordered: {sku}")
        return {"ordered": sku}

    return app
