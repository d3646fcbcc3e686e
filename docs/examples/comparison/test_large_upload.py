"""an upload of 600 kB, whose response is closed"""

import io

import flask

app = flask.Flask(__name__)


@app.post("/")
def upload():
    return flask.request.files["picture"].filename


def test_leaks():
    with app.test_client().post("/", data={"picture": (io.BytesIO(bytes(600_000)), "tea.png")}) as response:
        assert response.text == "tea.png"


def test_innocent():
    pass
