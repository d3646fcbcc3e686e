"""Small tests for each row of the tables "When it fails" of docs/kinds: what ``test_kind_tables.py`` runs."""

from __future__ import annotations

#: How a program opens one, and what it imports for that.
MAKE = {
    "file": ("open(__file__)", ""),
    "socket": ("socket.socket()", "import socket"),
    "sqlite": ('sqlite3.connect(":memory:")', "import sqlite3"),
    "subprocess": ('subprocess.Popen([sys.executable, "-c", "pass"])', "import subprocess, sys"),
    "event-loop": ("asyncio.new_event_loop()", "import asyncio"),
    "tempdir": ("tempfile.TemporaryDirectory()", "import tempfile"),
    "thread": ("start()", "import threading, time"),
}
THREAD = """
def start():
    thread = threading.Thread(target=stop.wait, daemon=True)
    thread.start()
    return thread

stop = threading.Event()
"""

GLOBAL = "def keep():\n    kept.append({make})\n\nkept = []\n"
CACHE = "import functools\n\n@functools.cache\ndef keep():\n    return {make}\n"
AT_IMPORT = "kept = {make}\n\ndef keep():\n    pass\n"
TEST = "from {module} import keep\n\ndef test_it():\n    keep()\n"

DROPPED = "def test_it():\n    {make}\n"
LEFT_OPEN = "kept = []\n\ndef test_it():\n    kept.append({make})\n"


#: The application of responses and contexts.
APP = """
from flask import Flask, Response, request, send_file, stream_with_context

app = Flask(__name__)

@app.get("/file")
def file():
    return send_file(__file__, conditional=True, etag="1")

@app.get("/lines")
def lines():
    return Response(str(n) for n in range(9))

@app.get("/kept")
def kept():
    return Response(stream_with_context(request.path for _ in range(2)))

@app.get("/text")
def text():
    return "text"
"""
CLIENT = "from shop import app\n\nclient = app.test_client()\n\ndef test_it():\n"

CYCLE = """
def keep():
    try:
        raise ValueError("x")
    except ValueError as e:
        error = e
"""
NAMED = """
import shop_named

kept = []

def test_it():
    {body}
"""

PUSHED = """
from flask import has_app_context
from shop import app

def test_it():
    app.app_context().push()

def test_next():
    assert not has_app_context()
"""
FIXTURE = """
import pytest
from shop import app

@pytest.fixture(scope="{scope}")
def pushed():
    with app.app_context():
        yield

def test_it(pushed):
    pass
"""
RAISES = """
import pytest

def test_it():
    with pytest.raises(ValueError) as info:
        int("x")
    assert info.value
"""
ASSERT_RAISES = """
import unittest

class Test(unittest.TestCase):
    def runTest(self):
        with self.assertRaises(ValueError) as info:
            int("x")
        self.error = info.exception

def test_it():
    assert Test().run().wasSuccessful()
"""
MOCK = """
from unittest import mock

def test_it():
    log = mock.Mock()
    try:
        int("x")
    except ValueError as e:
        log.error(e)
"""
FUTURE = """
from concurrent.futures import ThreadPoolExecutor

def test_it():
    with ThreadPoolExecutor() as pool:
        assert pool.submit(int, "x").exception()
"""

#: What stands in the first cell of a row (its beginning), and tests whose outcome it tells of.
#: A pair is a module of the application, and a test of it.
COMMON = {
    "dropped": [DROPPED],
    "left open: its owner has ended": [LEFT_OPEN],
    "left open, and held by a global": [(GLOBAL, TEST), (CACHE, TEST)],
    "opened by an import": [(AT_IMPORT, TEST)],
}
ROWS = dict.fromkeys(("file", "socket", "sqlite", "subprocess", "event-loop"), COMMON) | {
    "tempdir": {
        "a `TemporaryDirectory` that was dropped": [DROPPED],
        "a directory of `mkdtemp()`, or": [
            LEFT_OPEN,
            DROPPED.format(make="tempfile.mkdtemp()"),
        ],
        "a `TemporaryDirectory` that is held by a global": [(GLOBAL, TEST), (CACHE, TEST)],
        "made by an import": [(AT_IMPORT, TEST)],
    },
    "thread": {
        "started by your code": [LEFT_OPEN, DROPPED],
        "held by a global of the application": [(GLOBAL, TEST)],
        "started by a library": [
            "import flask_stand_in\n\ndef test_it():\n    flask_stand_in.start()\n",
        ],
        "started by an import": [(AT_IMPORT, TEST)],
    },
    "response": {
        "a sent file that the test did not close": [
            f'{CLIENT}    client.get("/file")\n',
            f'{CLIENT}    assert client.get("/file").data\n',
            f'{CLIENT}    assert client.head("/file").status_code == 200\n',
            f'{CLIENT}    assert client.get("/file", headers={{"If-None-Match": "*"}}).status_code == 304\n',
            f'{CLIENT}    assert client.get("/file", headers={{"Range": "bytes=0-5"}}).status_code == 206\n',
        ],
        "a generator that was not read": [f'{CLIENT}    client.get("/lines")\n'],
        "any other response": [
            f'{CLIENT}    client.get("/text")\n',
            f'{CLIENT}    assert client.get("/lines").data == b"012345678"\n',
        ],
    },
    "context": {
        "a context that a call pushed": [PUSHED],
        "a context that an open response keeps": [f'{CLIENT}    client.get("/kept")\n'],
        "a fixture's": [FIXTURE.replace("{scope}", scope) for scope in ("function", "module", "session")],
    },
    "cycle": {
        "your application": [(CYCLE, TEST)],
        "test modules or conftest files only": [f"{CYCLE}\ndef test_it():\n    keep()\n"],
        "libraries only": [f'{CLIENT}    assert client.get("/missing").status_code == 404\n'],
        "`pytest.raises": [RAISES, ASSERT_RAISES, MOCK, FUTURE],
    },
    "other": {
        "any other `ResourceWarning`": [
            'import warnings\n\ndef test_it():\n    warnings.warn("left", ResourceWarning)\n'
        ],
        "a resource that a plugin or a conftest file names: dropped": [
            NAMED.format(body="shop_named.Connection()")
        ],
        "the same: open when": [NAMED.format(body="kept.append(shop_named.Connection())")],
    },
}
#: Rows that need a server of their own: ``test_dev_server_findings.py`` has tests of them.
ELSEWHERE = {("other", "an `atexit` hook that failed")}
