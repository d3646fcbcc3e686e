import sys

import pytest
from flask import Flask

windows = pytest.mark.skipif(sys.platform != "win32", reason="drive letters")


@pytest.fixture
def app():
    app = Flask(__name__)
    with app.app_context():
        yield app


@pytest.fixture
def search_engine():
    pytest.skip("no search engine here")


@windows
def test_drive(app):
    assert app.root_path[1] == ":"


@pytest.mark.skip(reason="slow")
def test_slow(app):
    raise AssertionError("never runs")


def test_search(app, search_engine):
    raise AssertionError("never runs")


def test_in_mid_test(app, tmp_path):
    with open(tmp_path / "index", "w", encoding="utf-8") as file:
        file.write(app.name)
        pytest.skip("cannot be indexed")


def test_optional_library():
    pytest.importorskip("no_such_search_library")


class TestSkippedInSetup:
    def setup_method(self):
        if not hasattr(Flask, "search"):
            pytest.skip("Flask has no search")

    def test_search(self):
        raise AssertionError("never runs")


def test_runs(app):
    assert app.test_client().get("/").status_code == 404
