import pytest
from flask import Flask
from raises_value_app import QuotaExceeded, check_quota
from werkzeug.exceptions import BadRequestKeyError


def test_within_quota():
    assert check_quota("ann", 3) == 7


def test_exceeded():
    with pytest.raises(QuotaExceeded) as excinfo:
        check_quota("ann", 11)
    exc = excinfo.value
    assert (exc.user, exc.limit) == ("ann", 10)
    assert exc.args == ("ann may have 10",)


def test_match():
    with pytest.raises(QuotaExceeded, match=r"bob may have \d+"):
        check_quota("bob", 11)


def test_propagates_through_the_client():
    app = Flask(__name__)
    app.testing = True
    app.add_url_rule("/", view_func=lambda: str(check_quota("eve", 99)))
    with pytest.raises(QuotaExceeded) as e:
        app.test_client().get("/")
    assert e.value.user == "eve"
    assert e.traceback[-1].name == "check_quota"


def test_trapped_bad_request():
    app = Flask(__name__)
    app.config.update(TESTING=True, TRAP_BAD_REQUEST_ERRORS=True)

    @app.post("/")
    def index():
        from flask import request

        return request.form["missing"]

    with pytest.raises(BadRequestKeyError) as e:
        app.test_client().post("/")
    err = e.value
    assert err.code == 400
