"""Threads of live servers, and those that libraries start."""

from __future__ import annotations

import functools

import pytest
from reading_runs import assert_silent, charged, marked
from thread_suites import CONFTEST, run_with_threads, suite


@pytest.fixture
def run(run_suite):
    return functools.partial(run_with_threads, run_suite)


@pytest.fixture
def strict(run):
    return lambda source, *args, **kwargs: run(source, "--hygiene-strict", *args, **kwargs)


# -- live servers


SERVER = """
    from flask import Flask
    from urllib.request import urlopen
    from werkzeug.serving import make_server

    @pytest.fixture(scope="{scope}")
    def server():
        app = Flask("shop")
        app.add_url_rule("/", view_func=lambda: "kettle")
        server = make_server("127.0.0.1", 0, app)
        thread = threading.Thread(target=server.serve_forever, kwargs={{"poll_interval": 0.01}}, daemon=True)
        thread.start()  # leak
        yield server
        {end}

    def test_first(server):
        with urlopen(f"http://127.0.0.1:{{server.port}}/") as response:
            assert response.read() == b"kettle"

    def test_last(server):
        with urlopen(f"http://127.0.0.1:{{server.port}}/") as response:
            assert response.read() == b"kettle"
    """

ENDS_SERVER = "server.shutdown(); thread.join(); server.server_close()"

STOP_SERVERS = """
import sys, threading
from werkzeug.serving import BaseWSGIServer

servers = []
original = BaseWSGIServer.__init__

def remember(self, *args, **kwargs):
    servers.append(self)
    original(self, *args, **kwargs)

BaseWSGIServer.__init__ = remember

def pytest_unconfigure():
    BaseWSGIServer.__init__ = original
    for server in servers:
        server.shutdown()
        server.server_close()
"""


@pytest.mark.parametrize("mode", ["default", "strict"])
@pytest.mark.parametrize("scope", ["function", "session"])
def test_a_live_server_that_is_shut_down_is_no_finding(run, scope, mode):
    result = run(
        SERVER.format(scope=scope, end=ENDS_SERVER), *(("--hygiene-strict",) if mode == "strict" else ())
    )
    assert_silent(result, 2)


def test_a_live_server_that_runs_on_is_listed_by_default(run):
    source = SERVER.format(scope="session", end="pass")
    result = run(source, files={"conftest.py": STOP_SERVERS})
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [f"*1 x thread *test_suite.py:{marked(suite(source))} *", "*session fixture 'server'"]
    )


def test_a_live_server_that_runs_on_is_its_fixtures_in_strict_mode(strict):
    source = SERVER.format(scope="session", end="pass")
    result = strict(source, files={"conftest.py": STOP_SERVERS})
    assert charged(result) == [("test_last", "teardown")]
    result.stdout.fnmatch_lines(
        [
            "hygiene: session fixture 'server' left * resources open",
            f"*test_suite.py:{marked(suite(source))} *",
        ]
    )


# -- libraries


LIBRARY = """
import threading

stop = threading.Event()
kept = []

def watch():
    threading.Thread(target=stop.wait, name="watcher").start()

class Scheduler:
    def start(self):
        watch()

def pool(work):
    from concurrent.futures import ThreadPoolExecutor

    kept.append(ThreadPoolExecutor(1))
    return kept[-1].submit(work).result()
"""

INSTALLED = {
    "site-packages/somelib.py": LIBRARY,
    "pytest.ini": "[pytest]\npythonpath = site-packages\n",
    "conftest.py": CONFTEST,
}


@pytest.mark.parametrize("call", ["watch()", "Scheduler().start()", "pool(int)"])
def test_a_thread_that_a_library_started_is_listed_under_its_name(strict, call):
    result = strict(
        f"import somelib\n\ndef test_it():\n    somelib.{call}\n",
        files={
            **INSTALLED,
            "conftest.py": CONFTEST + "    import somelib\n    [p.shutdown() for p in somelib.kept]\n",
        },
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["hygiene: no leaks", "opened by libraries, and charged to nobody: 1 (somelib)"]
    )


def test_what_a_librarys_thread_leaves_for_the_reader_is_the_readers(run):
    source = """
        import somelib

        def work():
            open("left.txt", "w")  # leak

        def test_it():
            somelib.pool(work)
        """
    end = "    import somelib\n    [p.shutdown() for p in somelib.kept]\n"
    result = run(source, files={**INSTALLED, "conftest.py": CONFTEST + end})
    assert charged(result) == [("test_it", "call")]
    result.stdout.fnmatch_lines([f"*:{marked(suite(source))} *in work *"])
