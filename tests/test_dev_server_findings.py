"""What an application leaves behind when ``dev_server`` reloads it: the findings, their lines, the advice.

The modules below are those of one application, which is reloaded once for all of the tests that look at one.
"""

from __future__ import annotations

from textwrap import dedent

import pytest
from dev_server_suites import TAIL, Told, reload_of, reload_of_many

pytestmark = pytest.mark.once_a_python

MODULE_CONNECTION = """
    import sqlite3
    connection = sqlite3.connect("shop.db", check_same_thread=False)
    def view():
        return connection.execute("SELECT 'hi'").fetchone()[0]
"""
MODULES = {
    "module_connection": MODULE_CONNECTION,
    "closed_by_atexit": """
        import atexit
        import sqlite3
        connection = sqlite3.connect("shop.db", check_same_thread=False)
        atexit.register(connection.close)
    """,
    "dropped_at_import": """
        import sqlite3
        def connect():
            sqlite3.connect("shop.db").execute("SELECT 1")
        connect()
    """,
    "connection_per_thread": """
        import sqlite3
        import threading
        local = threading.local()
        def view():
            local.connection = sqlite3.connect("shop.db")
            return local.connection.execute("SELECT 'hi'").fetchone()[0]
    """,
    "closed_in_the_wrong_thread": """
        import atexit
        import sqlite3
        connections = []
        def close_all():
            for connection in connections:
                connection.close()
        atexit.register(close_all)
        def view():
            connections.append(sqlite3.connect("shop.db"))
            return "hi"
    """,
    "connection_per_request": """
        import sqlite3
        from flask import current_app, g
        def view():
            if "db" not in g:
                g.db = sqlite3.connect("shop.db")
            return g.db.execute("SELECT 'hi'").fetchone()[0]
        def close(error):
            if "db" in g:
                g.pop("db").close()
        def init(app):
            app.teardown_appcontext(close)
    """,
    "thread_of_both_processes": """
        import threading
        threading.Thread(target=threading.main_thread().join).start()
    """,
    "daemon_with_a_connection": """
        import sqlite3
        import threading
        def work():
            connection = sqlite3.connect("shop.db")
            threading.Event().wait()
        threading.Thread(target=work, name="writer", daemon=True).start()
    """,
    "daemon_with_nothing": """
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    """,
    "stops_its_thread": """
        import atexit
        import queue
        import sqlite3
        import threading
        class Database:
            def __init__(self):
                self.jobs = queue.Queue()
                self.thread = threading.Thread(target=self.work, daemon=True)
                self.thread.start()
            def work(self):
                connection = sqlite3.connect("shop.db")
                while self.jobs.get() is not None:
                    pass
                connection.close()
            def close(self):
                self.jobs.put(None)
                self.thread.join()
        database = Database()
        atexit.register(database.close)
    """,
    "idle_executor": """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor()
        def view():
            return pool.submit(lambda: "hi").result()
    """,
    "thread_of_a_library": "import telemetry\ntelemetry.init()\n",
    "dropped_by_a_library": "import orm\nview = orm.View()\n",
    "file": "log = open('shop.log', 'w')",
    "socket_": "import socket; sock = socket.socket()",
    "subprocess_": "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'input()'])",
    "tempdir": "import tempfile; path = tempfile.mkdtemp(dir='.')",
    "event_loop": "import asyncio; loop = asyncio.new_event_loop()",
    "log_handler": "import logging; logging.basicConfig(filename='basic.log', level='INFO')",
    "temporary_directory": "import tempfile; directory = tempfile.TemporaryDirectory(dir='.')",
    "finalize": """
        import weakref
        def function(): pass
        file = open('finalized.log', 'w'); weakref.finalize(function, file.close)
    """,
    "dropped_by_a_view": "def view():\n    return open(__file__).read()[:0] + 'hi'\n",
    "failing_hook": "import atexit\ndef hook(name):\n    1 / 0\natexit.register(hook, 'name')\n",
    "annotated": "log: object = open('shop.log', 'w')",
    "descriptor": "import os\nhandle = os.open('shop.log', os.O_CREAT)",
    "folder": "import tempfile\nfolder = tempfile.mkdtemp(dir='.')",
    "read_by_a_function": "import json; settings = json.load(open('shop.json'))",
    "read_at_once": "text = open('shop.json').read()",
    "in_a_list": "kept = [open('shop.json')]",
}
LIBRARIES = {
    "telemetry": """
        from threading import Event, Thread
        def init():
            Thread(target=Event().wait, daemon=True).start()
    """,
    "orm": """
        import sqlite3
        class View:
            __name__ = 'view'
            def __call__(self):
                sqlite3.connect('orm.db').execute('SELECT 1')
                return 'hi'
    """,
}
ENGINES = {
    "pool": """
        import sqlalchemy
        engine = sqlalchemy.create_engine("sqlite:///shop.db")
        def view():
            with engine.connect() as connection:
                return connection.execute(sqlalchemy.text("SELECT 'hi'")).scalar()
    """,
    "made_by_a_view": """
        import sqlalchemy
        def view():
            engine = sqlalchemy.create_engine("sqlite:///shop.db")
            with engine.connect() as connection:
                return connection.execute(sqlalchemy.text("SELECT 'hi'")).scalar()
    """,
    "in_memory": """
        import atexit
        import sqlalchemy
        engine = sqlalchemy.create_engine("sqlite://")
        atexit.register(engine.dispose)
        def view():
            with engine.connect() as connection:
                return connection.execute(sqlalchemy.text("SELECT 'hi'")).scalar()
    """,
    "disposed": """
        import atexit
        import sqlalchemy
        engine = sqlalchemy.create_engine("sqlite:///shop.db")
        atexit.register(engine.dispose)
        def view():
            with engine.connect() as connection:
                return connection.execute(sqlalchemy.text("SELECT 'hi'")).scalar()
    """,
}


@pytest.fixture(scope="module")
def _known() -> dict[str, Told]:
    return {}


@pytest.fixture
def reloaded(run_suite, pytester, _known):
    """What the one report says of a module of ``MODULES``."""

    def told(module):
        if "modules" not in _known:
            (pytester.path / "shop.json").write_text("{}", "utf-8")
            _known["modules"] = reload_of_many(run_suite, pytester.path, MODULES, libraries=LIBRARIES)
        return _known["modules"].of(module)

    return told


@pytest.fixture
def reloaded_engine(run_suite, pytester, _known):
    """The same of ``ENGINES``."""
    pytest.importorskip("sqlalchemy")

    def told(module):
        if "engines" not in _known:
            _known["engines"] = reload_of_many(run_suite, pytester.path, ENGINES)
        return _known["engines"].of(module)

    return told


def test_clean_application_has_no_findings(run_suite, pytester):
    told = reload_of(run_suite, pytester.path, "")
    assert (told.found, told.noted, told.notes) == ([], [], [])


# -- one connection for all


def test_connection_of_a_module_is_left_open(reloaded):
    told = reloaded("module_connection")
    assert told.found == [("sqlite", "left_open", 1, 2)]
    assert "atexit.register(connection.close)" in told.said


def test_connection_that_an_atexit_hook_closes_is_no_finding(reloaded):
    assert reloaded("closed_by_atexit").found == []


def test_connection_that_nobody_refers_to_was_dropped(reloaded):
    assert reloaded("dropped_at_import").found == [("sqlite", "dropped", 1, 3)]


# -- what the reloader's parent imports once more


def test_connection_that_the_parent_opens_once_more_is_told_and_fails_nothing(reloaded):
    told = reloaded("closed_by_atexit")
    assert told.in_parent == [("sqlite", "left_open", 1, 3)]
    assert (told.found, told.noted) == ([], [])


def test_what_the_parent_opens_once_more_fails_nothing_in_strict_mode(run_suite, pytester):
    told = reload_of(run_suite, pytester.path, MODULES["closed_by_atexit"], "--hygiene-strict")
    assert told.in_parent == [("sqlite", "left_open", 1, 3)]
    assert (told.found, told.noted) == ([], [])


def test_thread_that_the_parent_starts_once_more_is_told(reloaded):
    assert reloaded("thread_of_both_processes").in_parent == [("thread", "left_open", 1, 2)]


# -- a connection for each thread


def test_connections_of_ended_threads_were_dropped(reloaded):
    told = reloaded("connection_per_thread")
    assert told.found == [("sqlite", "dropped", 2, 5)]
    assert "in a thread that answered a request" in told.said
    assert "@app.teardown_appcontext" in told.said


def test_atexit_hook_that_may_not_close_them_is_a_finding_as_well(reloaded):
    told = reloaded("closed_in_the_wrong_thread")
    assert told.found == [("sqlite", "left_open", 2, 9), ("other", "left_open", 1, 7)]
    assert "ProgrammingError" in told.said
    assert "atexit hooks run in the main thread" in told.said


def test_connection_per_request_that_is_closed_is_no_finding(reloaded):
    assert reloaded("connection_per_request").found == []


# -- threads that nothing waits for


def test_daemon_thread_that_holds_a_connection_is_a_finding(reloaded):
    told = reloaded("daemon_with_a_connection")
    assert told.found == [("sqlite", "left_open", 1, 4), ("thread", "left_open", 1, 6)]
    assert "tell the thread to stop, and join it" in told.said


def test_daemon_thread_that_holds_nothing_is_noted(reloaded):
    told = reloaded("daemon_with_nothing")
    assert told.found == []
    assert told.noted == [("thread", "left_open", 1, 2)]


def test_object_whose_close_stops_and_joins_its_thread_is_no_finding(reloaded):
    assert reloaded("stops_its_thread").found == []


def test_idle_executor_is_no_finding(reloaded):
    told = reloaded("idle_executor")
    assert (told.found, told.noted) == ([], [])


# -- other kinds


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("file", "file"),
        ("socket_", "socket"),
        ("subprocess_", "subprocess"),
        ("tempdir", "tempdir"),
        ("event_loop", "event-loop"),
    ],
)
def test_what_a_module_holds_is_found(reloaded, module, kind):
    assert reloaded(module).found == [(kind, "left_open", 1, 1)]


@pytest.mark.parametrize("module", ["log_handler", "temporary_directory", "finalize"])
def test_what_python_closes_when_a_process_ends_is_no_finding(reloaded, module):
    assert reloaded(module).found == []


def test_file_dropped_by_a_view_is_found(reloaded):
    assert reloaded("dropped_by_a_view").found == [("file", "dropped", 2, 2)]


@pytest.mark.parametrize(
    ("module", "advice"),
    [
        ("module_connection", "atexit.register(connection.close)"),
        ("annotated", "atexit.register(log.close)"),
        ("descriptor", "atexit.register(os.close, handle)"),
        ("folder", "atexit.register(shutil.rmtree, folder)"),
        ("read_by_a_function", "use a with block"),
        ("read_at_once", "Path(...).read_text()"),
        ("in_a_list", "an atexit hook that calls close()"),
    ],
)
def test_advice_fits_the_line(reloaded, module, advice):
    assert advice in reloaded(module).said


def test_failing_atexit_hook_is_found_where_it_was_registered(reloaded):
    told = reloaded("failing_hook")
    assert told.found == [("other", "left_open", 1, 4)]
    assert "ZeroDivisionError" in told.said


TITLE = """
    def test_it(dev_server):
        server = dev_server("shop")
        server.get("/")
        print("\\ntitle", str(server.reload()).splitlines()[0])
"""


def title(run_suite, source):
    """The first line of what a reload of this application reports."""
    result = run_suite(TITLE, "-s", files={"shop.py": dedent(source) + TAIL})
    result.assert_outcomes(passed=1)
    (line,) = [line for line in result.outlines if line.startswith("title ")]
    return line.removeprefix("title ")


def test_hooks_that_are_registered_at_one_line_are_no_resources(run_suite):
    source = """
        import atexit

        def hook(number):
            1 / 0

        for number in range(2):
            atexit.register(hook, number)
    """
    told = "hygiene: shop left nothing behind at the reload, 2 atexit hooks failed"
    assert title(run_suite, source) == told


def test_warning_about_what_only_the_application_knows_is_no_failed_hook(run_suite):
    source = """
        import warnings

        class Pool:
            def __del__(self):
                warnings.warn("unclosed pool", ResourceWarning, source=self)

        def view():
            Pool()
            return "hi"
    """
    assert title(run_suite, source) == "hygiene: shop left 1 resource behind at the reload"


def test_hook_that_cannot_be_shown_runs(run_suite, pytester):
    reload_of(
        run_suite,
        pytester.path,
        """
        import atexit

        class Hook:
            def __call__(self):
                print("ran", file=open("log", "a"))

            def __repr__(self):
                raise ValueError

        atexit.register(Hook())
        """,
        requests=0,
    )
    assert set((pytester.path / "log").read_text().splitlines()) == {"ran"}


def test_error_of_a_hook_that_cannot_be_shown_is_named_by_its_type(run_suite, pytester):
    told = reload_of(
        run_suite,
        pytester.path,
        """
        import atexit

        class Unspeakable(Exception):
            def __str__(self):
                raise ValueError

        def hook():
            raise Unspeakable

        atexit.register(hook)
        """,
    )
    assert told.found == [("other", "left_open", 1, 10)]
    assert "Unspeakable" in told.said


def test_forked_process_of_the_application_is_not_the_servers(run_suite, pytester):
    source = """
        import os, sys
        file = open("log", "w")
        if os.environ.get("WERKZEUG_RUN_MAIN") and os.fork() == 0:
            sys.exit(0)
    """
    assert reload_of(run_suite, pytester.path, source).found == [("file", "left_open", 1, 2)]


def test_atexit_works_as_usual(run_suite, pytester):
    source = """
        import atexit
        @atexit.register
        def hook():
            print("hook ran", file=open("log", "a"))
        def removed():
            print("removed ran", file=open("log", "a"))
        atexit.register(removed)
        atexit.unregister(removed)
        try:
            atexit.register(None)
        except TypeError:
            print("TypeError", file=open("log", "a"))
        assert hook.__name__ == "hook"
    """
    reload_of(run_suite, pytester.path, source, requests=0)
    # Once in each child, and in the parent.
    lines = (pytester.path / "log").read_text().splitlines()
    assert sorted(set(lines)) == ["TypeError", "hook ran"]


# -- libraries


def test_thread_that_a_library_started_is_no_finding(reloaded):
    told = reloaded("thread_of_a_library")
    assert (told.found, told.noted) == ([], [])
    told = told.of("telemetry")
    assert (told.found, told.noted) == ([], [])


def test_what_a_library_alone_has_dropped_is_counted_under_its_name(reloaded):
    told = reloaded("dropped_by_a_library")
    assert told.found == told.of("orm").found == []
    assert told.notes == ["opened by a library alone, and not closed: 2 sqlite of orms"]


def test_pool_of_an_engine_is_noted_where_the_engine_was_created(reloaded_engine):
    told = reloaded_engine("pool")
    assert told.found == []
    assert told.noted == [("sqlite", "left_open", 1, 2)]


def test_engine_that_a_view_makes_and_drops_is_a_finding(reloaded_engine):
    told = reloaded_engine("made_by_a_view")
    assert told.found == [("sqlite", "dropped", 2, 3)]
    assert "engine.dispose" in told.said


def test_engine_in_memory_whose_pool_belongs_to_other_threads_is_no_finding(reloaded_engine):
    assert reloaded_engine("in_memory").found == []


def test_engine_that_is_disposed_of_is_no_finding(reloaded_engine):
    assert reloaded_engine("disposed").found == []
