"""The hook ``pytest_hygiene_resources``: resources that other plugins and conftest files name."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from textwrap import dedent

import pytest
from reading_runs import failed

psycopg = None
with suppress(ImportError):
    # Here, because what is imported inside a test is forgotten again, and what is written in C can't be.
    import psycopg

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "examples" / "resources"

LIB = """
import socket
import warnings

class Connection:
    def __init__(self, host="here", *, port=1):
        self.open = True

    def close(self):
        self.open = False

class Own(Connection):
    def __init__(self):
        super().__init__("own")

class Loud(Connection):
    def __del__(self):
        if self.open:
            warnings.warn("a loud one is open", ResourceWarning)

class Quiet(Connection):
    def __del__(self):
        self.close()

class ByNew:
    def __new__(cls, number):
        made = super().__new__(cls)
        made.open = True
        return made

class Plain:
    open = True

class Wraps(Connection):
    def __init__(self):
        super().__init__()
        self.socket = socket.socket()

    def close(self):
        super().close()
        self.socket.close()

class Fails(Connection):
    def __init__(self):
        raise ValueError("no server")

class Slotted:
    __slots__ = ("open",)

def connect():
    return Connection()

def tuples():
    return (1, 2)
"""
HOOK = """
import lib
from pytest_flask_hygiene import ResourceType

def pytest_hygiene_resources():
    return {types}
"""
CONNECTION = "[ResourceType('lib connection', lib.Connection, lambda c: c.open, advice='call shut()')]"


@pytest.fixture
def run(run_suite):
    """Run a suite whose conftest.py names these types of a module ``lib``."""

    def run(source, *args, types=CONNECTION, conftest="", files=None, **options):
        conftest = HOOK.format(types=types) + dedent(conftest)
        files = {"lib.py": LIB, "conftest.py": conftest, **(files or {})}
        return run_suite("import lib\n" + dedent(source), *args, files=files, **options)

    return run


# -- what is found


def test_dropped_while_open_fails_the_test(run):
    suite = """
    def test_leaks():
        lib.Connection()

    def test_closes():
        lib.Connection().close()
    """
    result = run(suite)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "hygiene: test_leaks left 1 resource open",
            "other  opened here and dropped while open",
            "    lib connection",
            "    test_suite.py:* in test_leaks *lib.Connection()",
            "fix: call shut()",
            "hygiene: 1 leak in 1 test",
        ]
    )
    result.stdout.no_fnmatch_line("*replacements.py*")


DROPPED = {
    "a subclass": ("lib.Own()", CONNECTION),
    "a class with a finalizer": ("lib.Quiet()", CONNECTION),
    "a class whose finalizer warns": ("lib.Loud()", CONNECTION),
    "a class without advice": ("lib.Connection()", "[ResourceType('x', lib.Connection, lambda c: c.open)]"),
    "a class with __new__": ("lib.ByNew(3)", "[ResourceType('x', lib.ByNew, lambda c: c.open)]"),
    "a class with neither": ("lib.Plain()", "[ResourceType('x', lib.Plain, lambda c: c.open)]"),
    "a function": ("lib.connect()", "[ResourceType('x', lib.connect, lambda c: c.open)]"),
    "a cycle": ("c = lib.Connection(); c.itself = c", CONNECTION),
    "what opens a socket": ("lib.Wraps()", CONNECTION),
    "two types, one inside the other": (
        "c = lib.Connection(); c.inner = lib.Plain()",
        CONNECTION[:-1] + ", ResourceType('x', lib.Plain, lambda c: True)]",
    ),
    "any iterable": ("lib.Connection()", f"iter({CONNECTION})"),
}


@pytest.mark.parametrize("what", DROPPED)
def test_one_finding_for(run, what):
    line, types = DROPPED[what]
    result = run(f"def test_it():\n    {line}", types=types)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_it left 1 resource open", "other  *", "hygiene: 1 leak in *"])


def test_a_function_imported_by_name_before(run):
    suite = """
    from conftest import connect

    def test_it():
        connect()
    """
    types = "[ResourceType('x', lib.connect, lambda c: c.open)]"
    run(suite, types=types, conftest="from lib import connect").assert_outcomes(failed=1)


def test_left_open_is_listed_and_fails_in_strict_mode(run):
    suite = """
    kept = []

    def test_it():
        kept.append(lib.Connection())
    """
    result = run(suite)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 *", "*1 x other *"])
    result.stdout.fnmatch_lines(["*held by test_suite.kept*"])
    result = run(suite, "--hygiene-strict")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["other  opened here and still open", "    lib connection", "fix: call shut()"]
    )


def test_what_it_has_opened_for_itself_is_part_of_it(run):
    suite = """
    kept = []

    def test_it():
        kept.append(lib.Wraps())

    def test_after():
        kept.pop().close()
    """
    result = run(suite)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 *", "*1 x other *"])
    result.stdout.no_fnmatch_line("*x socket*")


def test_what_it_shares_with_others_is_not(run):
    suite = """
    import logging

    kept = []

    def test_it():
        logger = logging.getLogger("shop")
        logger.addHandler(logging.FileHandler("shop.log"))
        kept.append(lib.Connection())
        kept[0].logger = logger
    """
    result = run(suite)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["still open after their owners ended: 2 *"])


def test_left_open_and_dropped_later_is_one_finding(run):
    suite = """
    kept = []

    def test_opens():
        kept.append(lib.Connection())

    def test_drops():
        kept.clear()
    """
    result = run(suite)
    result.assert_outcomes(passed=2, errors=1)
    (line,) = failed(result)
    assert line.startswith("ERROR hygiene: other leaked by test_suite.py::test_opens")
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests"])


def test_a_fixture_is_named(run):
    suite = """
    import pytest

    @pytest.fixture(scope="module")
    def connection():
        return lib.Connection()

    def test_it(connection):
        pass
    """
    result = run(suite)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["hygiene: module fixture 'connection' left 1 resource open"])


def test_a_fixture_that_closes_it_is_silent(run):
    suite = """
    import pytest

    @pytest.fixture(scope="module")
    def connection():
        made = lib.Connection()
        yield made
        made.close()

    def test_it(connection):
        pass
    """
    run(suite, "--hygiene-strict").assert_outcomes(passed=1)


def test_allow_leak_covers_it(run):
    suite = """
    import pytest

    @pytest.mark.allow_leak("other", match="lib conn", reason="known")
    def test_it():
        lib.Connection()

    def test_block(hygiene):
        with hygiene.allow("other"):
            lib.Connection()
    """
    result = run(suite)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["allowed: 2 leaks"])


@pytest.mark.parametrize(
    ("text", "outcome"), [("ignore:unclosed lib:ResourceWarning", "passed"), ("error", "failed")]
)
def test_filters_are_as_for_what_python_warns_about(run, text, outcome):
    run("def test_it():\n    lib.Connection()", "-W", text).assert_outcomes(**{outcome: 1})


def test_a_finalizer_that_warns_is_one_failure_with_error_filters(run):
    result = run("def test_it():\n    lib.Loud()", "-W", "error::ResourceWarning")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


def test_the_same_under_xdist(run):
    pytest.importorskip("xdist")
    suite = """
    kept = []

    def test_leaks():
        lib.Connection()

    def test_keeps():
        kept.append(lib.Connection())
    """
    result = run(suite, "-n2", with_plugins=("xdist",), subprocess=True)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["    lib connection", "fix: call shut()", "hygiene: 1 leak in 1 test"])
    result.stdout.fnmatch_lines(["*1 x other *"])


def test_the_conftest_of_a_directory_is_asked(run_suite):
    files = {
        "part/conftest.py": HOOK.format(types=CONNECTION),
        "part/lib.py": LIB,
        "part/test_part.py": "import lib\ndef test_it():\n    lib.Connection()",
        "test_a.py": "def test_it(): pass",
    }
    result = run_suite("", files=files)
    result.assert_outcomes(failed=1, passed=1)


# -- what is left as it is


def test_nothing_else_changes(run):
    suite = """
    import inspect
    import weakref

    import pytest

    def test_signature():
        assert str(inspect.signature(lib.Connection)) == "(host='here', *, port=1)"
        code = lib.Connection.__init__.__code__
        assert code.co_varnames[:3] == ("self", "host", "port")
        assert lib.Connection("there", port=2).close() is None

    def test_wrong_arguments():
        for cls, arguments in ((lib.Connection, (1, 2)), (lib.Plain, (1,)), (lib.ByNew, ())):
            with pytest.raises(TypeError):
                cls(*arguments)

    def test_error_in_init():
        with pytest.raises(ValueError, match="no server"):
            lib.Fails()

    def test_it_dies_when_it_would():
        made = lib.Connection()
        reference = weakref.ref(made)
        made.close()
        del made
        assert reference() is None
    """
    more = ", ResourceType('p', lib.Plain, lambda c: False), ResourceType('n', lib.ByNew, lambda c: False)]"
    run(suite, types=CONNECTION[:-1] + more).assert_outcomes(passed=4)


def test_it_is_undone(run, pytester, monkeypatch):
    monkeypatch.syspath_prepend(pytester.path)
    (pytester.path / "lib.py").write_text(LIB, "utf-8")
    import lib  # type: ignore[import-not-found]

    before = {cls: dict(vars(cls)) for cls in (lib.Connection, lib.Own, lib.Loud, lib.ByNew, lib.Plain)}
    more = ", ResourceType('p', lib.Plain, lambda c: False), ResourceType('n', lib.ByNew, lambda c: False)"
    types = CONNECTION[:-1] + more + ", ResourceType('f', lib.connect, lambda c: False)]"
    connect = lib.connect
    suite = """
    def test_it():
        for cls in (lib.Connection, lib.Own, lib.Loud, lib.Plain):
            cls()
        lib.ByNew(1)
    """
    try:
        run(suite, types=types).assert_outcomes(failed=1)
        assert {cls: dict(vars(cls)) for cls in before} == before
        assert lib.connect is connect
        with pytest.raises(TypeError):
            lib.Plain(1)
        assert lib.ByNew(1).open
    finally:
        import sys

        sys.modules.pop("lib", None)


def test_a_run_inside_another(run):
    suite = """
    import pathlib

    import conftest

    pytest_plugins = ["pytester"]
    OTHERS = [arg for name in ("randomly", "hypothesispytest", "asyncio") for arg in ("-p", f"no:{name}")]

    def test_inner(pytester):
        kept = lib.Connection()
        pytester.makepyfile("import lib\\ndef test_it():\\n    lib.Connection()")
        pytester.makeconftest(pathlib.Path(conftest.__file__).read_text())
        result = pytester.runpytest_inprocess(*OTHERS)
        result.assert_outcomes(failed=1)
        kept.close()

    def test_outer(pytester):
        kept = [lib.Connection()]
        pytester.makepyfile("def test_it():\\n    pass")
        pytester.runpytest_inprocess(*OTHERS).assert_outcomes(passed=1)
        kept.clear()
    """
    result = run(suite, "-opythonpath=.")
    result.assert_outcomes(passed=1, failed=1)
    assert "test_outer" in failed(result)[0]


@pytest.mark.parametrize("args", [("--hygiene=off",), ("-p", "no:flask_hygiene")])
def test_off_asks_nobody(run_suite, args):
    conftest = """
    import pytest

    @pytest.hookimpl(optionalhook=True)
    def pytest_hygiene_resources():
        raise ValueError("asked")
    """
    result = run_suite("def test_it(): pass", *args, files={"conftest.py": conftest}, subprocess=True)
    result.assert_outcomes(passed=1)


# -- what a plugin does wrong

WRONG = {
    "None, a string": ("'redis'", "it returned 'redis', and not a list of pytest_flask_hygiene.ResourceType"),
    "a number": ("3", "it returned 3, and not a list of *"),
    "a list of others": ("[3]", "it returned 3, which is not a pytest_flask_hygiene.ResourceType"),
    "one, not in a list": (
        CONNECTION[1:-1],
        "it returned <ResourceType 'lib connection' *, and not a list *",
    ),
    "an error": ("1 / 0", "ZeroDivisionError: division by zero"),
    "a missing argument": (
        "[ResourceType('x', lib.Plain)]",
        "*missing 1 required positional argument: 'is_open'",
    ),
    "no name": ("[ResourceType('', lib.Plain, bool)]", "ResourceType: name='' is not a name"),
    "no class": (
        "[ResourceType('x', 3, bool)]",
        "ResourceType 'x': type=3 is neither a class nor a function *",
    ),
    "no function": ("[ResourceType('x', lib.Plain, 3)]", "ResourceType 'x': is_open=3 can't be called"),
    "no text": ("[ResourceType('x', lib.Plain, bool, 3)]", "ResourceType 'x': advice=3 is not a string"),
    "of C": (
        "[ResourceType('x', __import__('zlib').compressobj().__class__, bool)]",
        "ResourceType 'x': * can't be *name *",
    ),
    "of C, with weak references": (
        "[ResourceType('x', __import__('collections').deque, bool)]",
        "ResourceType 'x': collections.deque can't be watched, for it is written in C: name a Python * or *",
    ),
    "without weak references": (
        "[ResourceType('x', lib.Slotted, bool)]",
        "ResourceType 'x': instances of lib.Slotted can't be referred to weakly: add '__weakref__' to its *",
    ),
    "one of ours": (
        "[ResourceType('x', __import__('socket').socket, bool)]",
        "ResourceType 'x': socket.socket is watched already, as kind 'socket'",
    ),
    "an inner function": (
        "[ResourceType('x', lambda: lib.Plain(), bool)]",
        "ResourceType 'x': conftest.*lambda* is not found in its module under that name: *",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_usage_error_names_the_plugin(run, what):
    types, message = WRONG[what]
    result = run("def test_it(): pass", types=types, subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    lines = [line for line in result.errlines if "pytest_hygiene_resources" in line]
    assert len(lines) == 1
    see = "(see docs/messages.md in pytest-flask-hygiene)"
    result.stderr.fnmatch_lines([f"ERROR: pytest_hygiene_resources of conftest.py: {message} {see}"])
    result.stderr.no_fnmatch_line("*Traceback*")


def test_a_usage_error_of_a_directorys_conftest(run_suite):
    files = {"part/conftest.py": "def pytest_hygiene_resources():\n    return 3", "part/test_part.py": ""}
    result = run_suite("def test_it(): pass", files=files, subprocess=True)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    path = f"part{os.sep}conftest.py"
    result.stderr.fnmatch_lines([f"ERROR: pytest_hygiene_resources of {path}: it returned 3, and *"])
    result.stdout.no_fnmatch_line("*UsageError*")


BAD_ANSWERS = {
    "raises": ("lambda c: c.missing", "is_open raised AttributeError: *missing*"),
    "exits": ("lambda c: exit(3)", "is_open raised SystemExit: 3"),
    "gives no bool": ("lambda c: [c]", "is_open returned list, and neither True nor False"),
    "takes nothing": ("lambda: True", "is_open raised TypeError: *"),
}


@pytest.mark.parametrize("what", BAD_ANSWERS)
def test_a_wrong_is_open_is_the_plugins_fault_and_told_once(run, what):
    function, message = BAD_ANSWERS[what]
    suite = """
    kept = []

    def test_drops():
        for _ in range(3):
            lib.Connection()

    def test_keeps():
        kept.append(lib.Connection())
    """
    result = run(suite, types=f"[ResourceType('lib connection', lib.Connection, {function})]")
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"pytest_hygiene_resources of conftest.py: 'lib connection': {message}"])
    text = result.stdout.str()
    assert text.count("pytest_hygiene_resources of ") == 1
    assert "a fault of pytest-flask-hygiene itself" not in text


def test_a_function_whose_results_have_no_weak_references(run):
    result = run("def test_it(): lib.tuples()", types="[ResourceType('x', lib.tuples, bool)]")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["pytest_hygiene_resources of conftest.py: 'x': it was given builtins.tuple, which can't be *"]
    )


def test_a_function_that_makes_instances_of_a_class_of_c(run):
    """When they are dropped can't be seen, but what is left open can."""
    suite = """
    import collections

    kept = []

    def test_drops():
        lib.make()

    def test_keeps():
        kept.append(lib.make())
    """
    types = "[ResourceType('x', lib.make, lambda c: True)]"
    lib = LIB + "\nimport collections\n\ndef make():\n    return collections.deque()\n"
    result = run(suite, types=types, files={"lib.py": lib})
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 *", "*1 x other *"])


# -- the examples of the documentation


@pytest.fixture
def run_example(run_suite):
    """Run a suite whose conftest.py is one of ``docs/examples/resources``."""

    def run(name, source, *args, **options):
        conftest = (EXAMPLES / name).read_text("utf-8")
        return run_suite(source, *args, files={"conftest.py": conftest}, subprocess=True, **options)

    return run


def test_every_example_is_shown_in_the_documentation():
    page = (EXAMPLES.parents[1] / "other-resources.md").read_text("utf-8")
    files = sorted(EXAMPLES.glob("*.py"))
    assert len(files) == 4
    for file in files:
        assert f"examples/resources/{file.name}" in page


@pytest.fixture
def http_server():
    """Answers every request, and keeps its connections."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"hi")

        def log_message(self, *_):
            """Nothing is written."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_requests(run_example, http_server):
    pytest.importorskip("requests")
    suite = f"""
    import requests

    kept = []

    def test_leaks():
        requests.Session().get("{http_server}")

    def test_keeps():
        kept.append(requests.Session())
        kept[0].get("{http_server}")

    def test_closes():
        with requests.Session() as session:
            session.get("{http_server}")

    def test_unused():
        requests.Session()

    def test_none():
        assert requests.get("{http_server}").text == "hi"
    """
    result = run_example("requests_sessions.py", suite)
    result.assert_outcomes(failed=1, passed=4)
    assert "test_leaks - hygiene: other test_suite.py:" in failed(result)[0]
    result.stdout.fnmatch_lines(["    requests session", "fix: use a with block: with requests.Session() *"])
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test", "still open after their owners ended: 1 *"])


@contextmanager
def serving_redis():
    """As much of a Redis server as a client needs that sends PING."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def answer(connection):
        with connection, connection.makefile("rb") as lines:
            while line := lines.readline():
                words = []
                for _ in range(int(line[1:])):
                    words.append(lines.read(int(lines.readline()[1:]) + 2)[:-2].upper())
                connection.sendall(b"+PONG\r\n" if words[0] == b"PING" else b"+OK\r\n")

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=answer, args=(connection,), daemon=True))
            threads[-1].start()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for each in (thread, *threads):
            each.join(5)


def test_redis(run_example):
    pytest.importorskip("redis")
    with serving_redis() as port:
        suite = f"""
        import redis

        ADDRESS = dict(host="127.0.0.1", port={port}, protocol=2)
        kept = []

        def test_own_pool():
            assert redis.Redis(**ADDRESS).ping()

        def test_leaks_a_pool():
            pool = redis.ConnectionPool(**ADDRESS)
            assert redis.Redis(connection_pool=pool).ping()

        def test_leaks_a_connection():
            redis.Connection(**ADDRESS).connect()

        def test_keeps():
            kept.append(redis.Redis(**ADDRESS))
            assert kept[0].ping()

        def test_closes():
            with redis.Redis(**ADDRESS) as client:
                assert client.ping()
            pool = redis.ConnectionPool(**ADDRESS)
            assert redis.Redis(connection_pool=pool).ping()
            pool.disconnect()
        """
        result = run_example("redis_connections.py", suite)
    result.assert_outcomes(failed=2, passed=3)
    assert [line.partition(" - ")[0] for line in failed(result)] == [
        "FAILED test_suite.py::test_leaks_a_pool",
        "FAILED test_suite.py::test_leaks_a_connection",
    ]
    result.stdout.fnmatch_lines(["    redis connection pool", "fix: call client.close(); *"])
    result.stdout.fnmatch_lines(["hygiene: 2 leaks in 2 tests", "still open after their owners ended: 1 *"])
    result.stdout.no_fnmatch_line("*x socket*")


FAKE = """
import psycopg
from psycopg.pq import ConnStatus

class Server:
    # What psycopg asks of libpq's connection, without a server.
    status = ConnStatus.OK

    def finish(self):
        self.status = ConnStatus.BAD
"""


@pytest.mark.skipif(psycopg is None, reason="psycopg is not installed, or finds no libpq")
def test_psycopg_without_a_server(run_example):
    suite = """
    def test_leaks():
        psycopg.Connection(Server())

    def test_closes():
        psycopg.Connection(Server()).close()

    def test_of_a_pool():
        psycopg.Connection(Server())._pool = object()
    """
    result = run_example("psycopg_connections.py", FAKE + dedent(suite))
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(
        ["    psycopg connection", "fix: with psycopg.connect(*", "hygiene: 1 leak in *"]
    )


@pytest.fixture(scope="module")
def postgres():
    """The address of a PostgreSQL server that is started for these tests, if one is installed."""
    if psycopg is None:
        pytest.skip("psycopg is not installed, or finds no libpq")
    found = shutil.which("initdb") or next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))), None)
    if found is None:
        pytest.skip("no PostgreSQL server is installed")
    # The path of a Unix socket has to be short.
    directory = Path(tempfile.mkdtemp(prefix="pg"))
    options = {}
    if os.geteuid() == 0:
        # It does not run as root.
        options = {"user": "nobody"}
        shutil.chown(directory, "nobody")
    data = directory / "data"
    programs = Path(os.path.realpath(found)).parent
    initdb = [programs / "initdb", "-D", data, "-U", "shop", "-A", "trust", "--no-sync"]
    done = subprocess.run(initdb, capture_output=True, text=True, check=False, cwd="/", **options)
    if done.returncode:
        shutil.rmtree(directory)
        pytest.skip(f"initdb: {done.stderr[-200:]}")
    settings = [f"unix_socket_directories={directory}", "listen_addresses=", "fsync=off"]
    command = [programs / "postgres", "-D", data, *(arg for each in settings for arg in ("-c", each))]
    server = subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL, **options)
    address = f"host={directory} user=shop dbname=postgres"
    try:
        for _ in range(100):
            try:
                psycopg.connect(address).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        else:
            pytest.skip("the PostgreSQL server does not answer")
        yield address
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(directory)


def test_psycopg(run_example, postgres):
    suite = f"""
    import asyncio
    import psycopg

    kept = []

    def test_leaks():
        assert psycopg.connect("{postgres}").execute("SELECT 1").fetchone() == (1,)

    def test_leaks_async():
        async def ask():
            await psycopg.AsyncConnection.connect("{postgres}")
        asyncio.run(ask())

    def test_keeps():
        kept.append(psycopg.connect("{postgres}"))

    def test_closes():
        with psycopg.connect("{postgres}") as connection:
            connection.execute("SELECT 1")
    """
    result = run_example("psycopg_connections.py", suite)
    result.assert_outcomes(failed=2, passed=2)
    result.stdout.fnmatch_lines(["    psycopg connection", "    async psycopg connection"])
    result.stdout.fnmatch_lines(["hygiene: 2 leaks in 2 tests", "still open after their owners ended: 1 *"])


def test_sqlalchemy(run_example, postgres):
    pytest.importorskip("sqlalchemy")
    suite = f"""
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    address = dict(part.split("=") for part in "{postgres}".split())
    URL = sqlalchemy.URL.create(
        "postgresql+psycopg", address["user"], query=dict(host=address["host"]), database=address["dbname"]
    )

    def use(engine):
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 1"))
        return engine

    def test_leaks():
        use(sqlalchemy.create_engine(URL, pool_size=2, echo=False, logging_name="shop"))

    def test_disposes():
        use(sqlalchemy.create_engine(URL)).dispose()

    def test_unused():
        sqlalchemy.create_engine(URL)

    def test_keeps_none():
        use(sqlalchemy.create_engine(URL, poolclass=NullPool))
    """
    result = run_example("sqlalchemy_engines.py", suite)
    result.assert_outcomes(failed=1, passed=3)
    result.stdout.fnmatch_lines(["    SQLAlchemy engine", "    *in test_leaks *create_engine(*"])
    result.stdout.fnmatch_lines(["fix: call engine.dispose()", "hygiene: 1 leak in 1 test"])


def test_sqlalchemy_tells_of_sqlite_once(run_example):
    pytest.importorskip("sqlalchemy")
    suite = """
    import sqlalchemy

    def test_leaks():
        engine = sqlalchemy.create_engine("sqlite:///shop.db", echo=False, logging_name="shop")
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 1"))

    def test_disposes():
        engine = sqlalchemy.create_engine("sqlite:///shop.db")
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 1"))
        engine.dispose()
    """
    result = run_example("sqlalchemy_engines.py", suite)
    result.assert_outcomes(failed=1, passed=1)
    assert "test_leaks - hygiene: sqlite" in failed(result)[0]
    result.stdout.fnmatch_lines(["hygiene: test_leaks left 1 resource open", "hygiene: 1 leak in 1 test"])


def test_unusable_answer_of_a_plugin_that_comes_after_collection_is_not_lost(run_suite):
    source = """
        import pytest

        class Late:
            def pytest_hygiene_resources(self):
                return "nonsense"

        def test_it(request):
            with pytest.raises(pytest.UsageError, match="pytest_hygiene_resources"):
                request.config.pluginmanager.register(Late(), "late")
    """
    run_suite(source).assert_outcomes(passed=1)
