"""The synthetic suites' files, as text."""

from __future__ import annotations

from textwrap import dedent

Files = dict[str, str]

INI = "[pytest]\naddopts = --strict-markers\n"

#: Processor time inside the run, written where ``BENCH_CLOCK`` says: the loop over the tests, and the mean of
#: each thousand tests.  ``collector``: time inside collections of any generation, Python's own ones too.
CLOCK = """
import gc
import json
import os
import time
from array import array

import pytest

starts = array("d")
collections = array("d", [0.0, 0.0])

def on_collection(phase, info):
    if phase == "start":
        collections[0] = time.perf_counter()
    else:
        collections[1] += time.perf_counter() - collections[0]

if os.environ.get("BENCH_COLLECTOR"):
    gc.callbacks.append(on_collection)

if os.environ.get("BENCH_PACE"):
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol():
        starts.append(time.process_time())

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop():
    begin, collected = time.process_time(), collections[1]
    try:
        return (yield)
    finally:
        end = time.process_time()
        if path := os.environ.get("BENCH_CLOCK"):
            edges = starts[::1000]
            measured = {
                "begin": begin,
                "end": end,
                "collector": collections[1] - collected,
                "thousands": [(b - a) / 1000 for a, b in zip(edges, [*edges[1:], end])],
            }
            with open(path, "w") as file:
                json.dump(measured, file)
"""

APP = """
import flask
import pytest

app = flask.Flask(__name__)

@app.get("/text")
def text():
    return "hello"

@app.get("/file")
def file():
    return flask.send_file(__file__)

@pytest.fixture
def client():
    return app.test_client()
"""


def heap(objects: int) -> str:
    """Four containers at a time that the collector tracks, alive for the whole session."""
    return dedent(f"""
        import gc

        class Item:
            pass

        def unit():
            item = Item()
            item.children = children = [item]
            return ({{"children": children}}, item)

        # Off while it is built: that would take most of the run's time, with and without the plugin alike.
        gc.disable()
        HEAP = [unit() for _ in range({objects // 4})]
        gc.enable()
        """)


def suite(tests: str, conftest: str = "") -> Files:
    return {"pytest.ini": INI, "conftest.py": CLOCK + conftest, "test_all.py": tests}


def empty(tests: int) -> str:
    return "".join(f"def test_{number}():\n    pass\n\n" for number in range(tests))


LEAKY_APP = """
import sqlite3

import flask

app = flask.Flask(__name__)
kept = []

@app.get("/file")
def file():
    return open(__file__).readline()

@app.get("/kept")
def keep():
    kept.append(open(__file__))
    return ""

@app.get("/connection")
def connection():
    flask.g.db = sqlite3.connect(":memory:")
    return str(flask.g.db.execute("SELECT 1").fetchone())

@app.get("/cycle")
def cycle():
    try:
        raise LookupError
    except LookupError as e:
        error = e
    return ""
"""

ITS_CLIENT = """
from leaky import app

@pytest.fixture
def client():
    return app.test_client()
"""


def one_leak_each(tests: int) -> Files:
    """Requests, by turns, to the views that leak, of which one keeps what it leaves open."""
    views = ("file", "connection", "cycle", "kept")
    request = 'assert client.get("/{}").status_code == 200'
    text = "".join(
        f"def test_{number}(client):\n    {request.format(views[number % len(views)])}\n\n"
        for number in range(tests)
    )
    return {**suite(text, ITS_CLIENT), "leaky.py": LEAKY_APP}


def with_fixture(tests: int) -> str:
    fixture = "import pytest\n\n@pytest.fixture\ndef thing():\n    return 1\n\n"
    return fixture + "".join(f"def test_{number}(thing):\n    pass\n\n" for number in range(tests))


def one_request_each(tests: int) -> str:
    request = 'assert client.get("/text").text == "hello"'
    return "".join(f"def test_{number}(client):\n    {request}\n\n" for number in range(tests))


def repeated(tests: int, times: int, line: str, arguments: str = "") -> str:
    """A few tests that do one thing many times each."""
    return "".join(
        f"def test_{number}({arguments}):\n    for _ in range({times // tests}):\n        {line}\n\n"
        for number in range(tests)
    )
