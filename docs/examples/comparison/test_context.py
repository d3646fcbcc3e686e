"""an application context that is pushed and not popped"""

import flask

app = flask.Flask(__name__)


def test_leaks():
    app.app_context().push()


def test_innocent():
    pass
