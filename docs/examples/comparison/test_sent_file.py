"""a response of `send_file()` that the test reads and does not close"""

import flask

app = flask.Flask(__name__)


@app.get("/")
def price_list():
    return flask.send_file(__file__)


def test_leaks():
    assert app.test_client().get("/").data


def test_innocent():
    pass
