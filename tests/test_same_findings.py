"""The same suite has the same findings alone, on workers, in any order, and twice in one process."""

from __future__ import annotations

import json
import sys

import pytest

#: Kind, state, owner, line and outcome of each finding.
Found = set[tuple[str, ...]]

#: Writes what the reader is told, from where the summary takes it.  Then nothing stays open.
CONFTEST = """
import json, os, sqlite3, sys
from pathlib import Path

import pytest
from pytest_flask_hygiene.plugin import run_key

ROOT = Path(__file__).parent


def found(config):
    for finding in config.stash[run_key].ledger.findings:
        frame = finding.site.frame
        where = os.path.relpath(frame.path, ROOT) if frame else ""
        # The rest is of the run around this one.
        if not where.startswith(".."):
            owner = finding.owner.describe().replace(f"{ROOT}{os.sep}", "")
            yield finding.kind, finding.state, owner, f"{where}:{frame and frame.line}", finding.outcome


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        (ROOT / "found.json").write_text(json.dumps(sorted(set(found(config)))))
    import shop

    shop.stop.set()
    for thing in (*shop.kept, shop.connect(), shop.connect_once()):
        thing.close()


@pytest.fixture(scope="session")
def whole():
    return [open("whole.txt", "w")]


@pytest.fixture(scope="session")
def kept_whole():
    import shop

    shop.kept.append(open("kept_whole.txt", "w"))


@pytest.fixture(scope="module")
def part():
    return sqlite3.connect(":memory:")
"""
SHOP = """
import functools, socket, threading

from flask import Flask

kept = []
stop = threading.Event()
connection = None

app = Flask(__name__)


@functools.cache
def connect():
    return socket.socket()


def connect_once():
    global connection
    if connection is None:
        connection = socket.socket()
    return connection


def keep_error():
    try:
        raise ValueError("kept")
    except ValueError as error:
        seen = error


@app.get("/")
def index():
    keep_error()
    return "kettle"
"""
ONE = """
import asyncio, os, socket, sqlite3, subprocess, tempfile, threading

import pytest
import shop

open("imported.txt", "w")


def test_file():
    open("one.txt", "w")


def test_socket():
    socket.socket()


def test_sqlite():
    sqlite3.connect(":memory:").execute("select 1")


def test_subprocess():
    subprocess.Popen(["cat"], stdin=subprocess.PIPE)


def test_directory():
    tempfile.TemporaryDirectory()


def test_loop():
    asyncio.new_event_loop()


def test_cycle():
    assert shop.app.test_client().get("/").text == "kettle"


def test_context():
    shop.app.app_context().push()


def test_thread_born():
    thread = threading.Thread(target=lambda: open("thread.txt", "w"))
    thread.start()
    thread.join()


def test_innocent():
    shop.connect()
    shop.connect_once()
"""
TWO = """
import socket, threading

import pytest
import shop


class TestUses:
    @pytest.fixture(scope="class")
    def of_class(self):
        return [socket.socket()]

    def test_first(self, of_class, whole):
        shop.connect()

    def test_last(self, of_class, kept_whole):
        pass


@pytest.fixture
def of_test():
    open("fixture.txt", "w")


@pytest.mark.parametrize("number", range(3))
def test_fixtures(of_test, part, number):
    pass


def test_keeps_file():
    shop.kept.append(open("kept.txt", "w"))


def test_keeps_thread():
    threading.Thread(target=shop.stop.wait, daemon=True).start()


def test_uses_cache():
    shop.connect()
    shop.connect_once()


def test_also_innocent(whole, part):
    pass
"""
FILES = {"conftest.py": CONFTEST, "shop.py": SHOP, "test_one.py": ONE, "test_two.py": TWO}
#: Kind and owner of each leak of these files; in strict mode all of them fail.
LEAKS = {
    ("file", "dropped", "the import of test_one.py"),
    ("file", "dropped", "test_file"),
    ("socket", "dropped", "test_socket"),
    ("sqlite", "dropped", "test_sqlite"),
    ("subprocess", "dropped", "test_subprocess"),
    ("tempdir", "dropped", "test_directory"),
    ("event-loop", "dropped", "test_loop"),
    ("cycle", "cycle", "test_cycle"),
    ("context", "left_open", "test_context"),
    ("file", "dropped", "test_thread_born"),
    ("socket", "dropped", "class fixture 'of_class'"),
    ("file", "dropped", "session fixture 'whole'"),
    ("file", "left_open", "session fixture 'kept_whole'"),
    ("file", "dropped", "function fixture 'of_test'"),
    ("sqlite", "dropped", "module fixture 'part'"),
    ("file", "left_open", "test_keeps_file"),
    ("thread", "left_open", "test_keeps_thread"),
    ("socket", "left_open", "the cache of shop.connect()"),
    ("socket", "left_open", "shop.connection"),
}
MODES = {"default": (), "strict": ("--hygiene-strict",)}
modes = pytest.mark.parametrize("mode", MODES)


@pytest.fixture
def found_by(run_suite, pytester):
    """What one run has found."""

    def run(*args: str, with_plugins: tuple[str, ...] = (), subprocess: bool = False) -> Found:
        run_suite("", *args, files=FILES, with_plugins=with_plugins, subprocess=subprocess)
        path = pytester.path / "found.json"
        found = json.loads(path.read_text("utf-8"))
        path.unlink()
        return {tuple(each) for each in found}

    return run


@pytest.fixture(scope="module")
def known() -> dict[str, Found]:
    """What a run alone has found, in each mode."""
    return {}


@pytest.fixture
def alone(found_by, known):
    def alone(mode: str) -> Found:
        if mode not in known:
            known[mode] = found_by(*MODES[mode])
        return known[mode]

    return alone


@modes
def test_alone_each_leak_is_found_once(alone, mode):
    found = alone(mode)
    assert {each[:3] for each in found} == LEAKS
    assert len(found) == len(LEAKS)


def test_in_strict_mode_each_of_them_fails(alone):
    assert {each[-1] for each in alone("strict")} == {"failed"}


@modes
def test_twice_in_one_process(found_by, alone, mode):
    expected = alone(mode)
    assert found_by(*MODES[mode]) == expected


@pytest.mark.parametrize(("workers", "mode"), [("3", "default"), ("2", "strict")])
def test_on_workers(found_by, alone, workers, mode):
    pytest.importorskip("xdist")
    args = ("-n", workers, "-p", "no:anyio")
    found = found_by(*MODES[mode], *args, with_plugins=("xdist",), subprocess=True)
    assert found == alone(mode)


#: Each Python has orders of its own.
SEEDS = range(sys.version_info.minor % 4, 24, 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_random_order(found_by, alone, seed):
    pytest.importorskip("pytest_randomly")
    mode = "strict" if seed // 4 % 3 else "default"
    expected = alone(mode)
    assert found_by(*MODES[mode], f"--randomly-seed={seed}", with_plugins=("randomly",)) == expected
