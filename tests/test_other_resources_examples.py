"""The examples of ``docs/other-resources.md``, with the libraries and servers that they are about."""

from __future__ import annotations

import glob
import os
import re
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
from doc_examples import ROOT, as_block, assert_page_shows, failure_block
from reading_runs import failed

psycopg = None

with suppress(ImportError):
    # Here, because what is imported inside a test is forgotten again, and what is written in C can't be.
    import psycopg

EXAMPLES = ROOT / "docs" / "examples" / "resources"
PAGE = ROOT / "docs" / "other-resources.md"


@pytest.fixture
def run_example(run_suite):
    """Run a suite whose conftest.py is one of ``docs/examples/resources``."""

    def run(name, source, *args, **options):
        conftest = (EXAMPLES / name).read_text("utf-8")
        return run_suite(source, *args, files={"conftest.py": conftest}, subprocess=True, **options)

    return run


def test_every_example_is_shown_in_the_documentation():
    page = PAGE.read_text("utf-8")
    files = sorted(EXAMPLES.glob("*.py"))
    assert len(files) == 4
    for file in files:
        assert f"examples/resources/{file.name}" in page


def test_page_shows_what_the_first_example_finds(run_suite, pytester, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    queue = ROOT / "docs" / "examples" / "queue"
    shutil.copytree(queue, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    result = run_suite("", "-q", subprocess=True)
    result.assert_outcomes(failed=1)
    text = failure_block(result.stdout.str()).partition("\n\n")[2]
    assert_page_shows(PAGE, as_block(text, "text"))
    (mark,) = re.findall(
        r"^`@pytest\.mark\.(allow_leak\(.*\))` accepts them", PAGE.read_text("utf-8"), re.MULTILINE
    )
    test = pytester.path / "tests" / "test_queue.py"
    head = f"import pytest\n\npytestmark = pytest.mark.{mark}\n"
    test.write_text(head + test.read_text("utf-8"), "utf-8")
    result = run_suite("", "-q", subprocess=True)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["allowed: 1 leak"])


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
