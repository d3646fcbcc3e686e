import threading
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from flask import Flask
from werkzeug.serving import make_server


@pytest.fixture(scope="module")
def url():
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: "alive")
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_alive(url):
    with urlopen(url) as response:
        assert response.read() == b"alive"


def test_not_found(url):
    with pytest.raises(HTTPError) as e:
        urlopen(url + "/nowhere")
    with e.value:
        assert e.value.code == 404
