import socket

from flask import Flask

app = Flask(__name__)


def is_reachable(address):
    try:
        with socket.create_connection(address, timeout=2):
            return True
    except OSError:
        return False


@app.get("/health")
def health():
    return {"printer": is_reachable(app.config["PRINTER"])}
