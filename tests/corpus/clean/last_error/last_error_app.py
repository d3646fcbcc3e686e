from flask import Flask


class Poller:
    """Reads a value from elsewhere and remembers what went wrong."""

    def __init__(self, read):
        self.read = read
        self.value = None
        self.error = None

    def poll(self):
        self.error = None
        try:
            self.value = self.read()
        except OSError as e:
            self.error = e.with_traceback(None)


def create_app(poller):
    app = Flask(__name__)

    @app.get("/value")
    def value():
        poller.poll()
        if poller.error is not None:
            return f"stale: {poller.value} ({poller.error})", 203
        return str(poller.value)

    return app
