import socket

from flask import Flask

app = Flask(__name__)


def is_reachable(address):
    try:
        socket.create_connection(address, timeout=2)
    except OSError:
        return False
    return True


@app.get("/health")
def health():
    return {"printer": is_reachable(app.config["PRINTER"])}
