"""What ``server.reload()`` and ``server.stop()`` report."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

#: A request to ``/`` runs the function ``view`` of the module.
TAIL = """
from flask import Flask

def create_app():
    app = Flask(__name__)
    app.add_url_rule("/", view_func=globals().get("view", lambda: "hi"))
    return app
"""

REPORT = """
import pytest

pytestmark = pytest.mark.once_a_python

def test_it(dev_server):
    server = dev_server("shop", wait_for_threads=1.0)
    for _ in range(REQUESTS):
        assert server.get("/").status_code == 200
    report = server.reload()
    print()
    for finding in report.findings:
        print("found", finding.kind, finding.state, finding.count, finding.site.frame.line)
        print("said", finding.happened, finding.message, finding.advice)
    for finding in report.noted:
        print("noted", finding.kind, finding.state, finding.count, finding.site.frame.line)
    for finding in report.in_parent:
        print("parent", finding.kind, finding.state, finding.count, finding.site.frame.line)
    for note in report.notes:
        print("note", note)
"""


@pytest.fixture
def reload(run_suite, pytester):
    """Reload an application of this source; its findings as ``(kind, state, count, line)``, and the text."""

    def reload(source, *args, requests=2, **options):
        (pytester.path / "shop.py").write_text(dedent(source).lstrip() + TAIL, "utf-8")
        result = run_suite(REPORT.replace("REQUESTS", str(requests)), "-s", *args, **options)
        result.assert_outcomes(passed=1)
        return Result(result.stdout.lines)

    return reload


class Result:
    def __init__(self, lines):
        self.text = "\n".join(lines)
        self.found = [self._read(line) for line in lines if line.startswith("found ")]
        self.noted = [self._read(line) for line in lines if line.startswith("noted ")]
        self.in_parent = [self._read(line) for line in lines if line.startswith("parent ")]
        self.notes = [line for line in lines if line.startswith("note ")]
        self.said = "\n".join(line for line in lines if line.startswith("said "))

    @staticmethod
    def _read(line):
        _, kind, state, count, number = line.split()
        return kind, state, int(count), int(number)


def test_clean_application_has_no_findings(reload):
    result = reload("")
    assert (result.found, result.noted, result.notes) == ([], [], [])


# -- one connection for all ----------------------------------------------------------------------------------


def test_connection_of_a_module_is_left_open(reload):
    result = reload(
        """
        import sqlite3
        connection = sqlite3.connect("shop.db", check_same_thread=False)
        def view():
            return connection.execute("SELECT 'hi'").fetchone()[0]
        """
    )
    assert result.found == [("sqlite", "left_open", 1, 2)]
    assert "atexit.register(connection.close)" in result.said


@pytest.mark.parametrize("args", [(), ("--hygiene-strict",)])
def test_what_the_parent_imports_once_more_is_told_and_fails_nothing(reload, args):
    source = """
        import atexit, sqlite3
        connection = sqlite3.connect("shop.db", check_same_thread=False)
        atexit.register(connection.close)
    """
    result = reload(source, *args)
    assert result.in_parent == [("sqlite", "left_open", 1, 2)]
    assert (result.found, result.noted) == ([], [])


def test_thread_that_the_parent_starts_once_more_is_told(reload):
    result = reload(
        """
        import threading
        threading.Thread(target=threading.main_thread().join).start()
        """
    )
    assert result.in_parent == [("thread", "left_open", 1, 2)]


def test_connection_that_an_atexit_hook_closes_is_no_finding(reload):
    result = reload(
        """
        import atexit
        import sqlite3
        connection = sqlite3.connect("shop.db", check_same_thread=False)
        atexit.register(connection.close)
        """
    )
    assert result.found == []


def test_connection_that_nobody_refers_to_was_dropped(reload):
    result = reload(
        """
        import sqlite3
        def connect():
            sqlite3.connect("shop.db").execute("SELECT 1")
        connect()
        """
    )
    assert result.found == [("sqlite", "dropped", 1, 3)]


# -- a connection for each thread ----------------------------------------------------------------------------


def test_connections_of_ended_threads_were_dropped(reload):
    result = reload(
        """
        import sqlite3
        import threading
        local = threading.local()
        def view():
            local.connection = sqlite3.connect("shop.db")
            return local.connection.execute("SELECT 'hi'").fetchone()[0]
        """,
        requests=3,
    )
    assert result.found == [("sqlite", "dropped", 3, 5)]
    assert "in a thread that answered a request" in result.said
    assert "@app.teardown_appcontext" in result.said


def test_atexit_hook_that_may_not_close_them_is_a_finding_as_well(reload):
    result = reload(
        """
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
        """
    )
    assert result.found == [("sqlite", "left_open", 2, 9), ("other", "left_open", 1, 7)]
    assert "ProgrammingError" in result.said
    assert "atexit hooks run in the main thread" in result.said


def test_connection_per_request_that_is_closed_is_no_finding(reload):
    result = reload(
        """
        import sqlite3
        from flask import current_app, g
        def view():
            if "db" not in g:
                g.db = sqlite3.connect("shop.db")
            return g.db.execute("SELECT 'hi'").fetchone()[0]
        def close(error):
            g.pop("db").close()
        def create_app():
            app = Flask(__name__)
            app.add_url_rule("/", view_func=view)
            app.teardown_appcontext(close)
            return app
        from flask import Flask
        app = create_app()
        """
    )
    assert result.found == []


# -- threads -------------------------------------------------------------------------------------------------


def test_thread_that_python_waits_for_is_named_with_its_seconds(reload):
    result = reload(
        """
        import threading
        import time
        def poll():
            threading.main_thread().join()
            time.sleep(0.4)
        threading.Thread(target=poll, name="poller").start()
        """
    )
    assert result.found == [("thread", "left_open", 1, 6)]
    assert "'poller'" in result.said
    assert "waited for it for 0." in result.said
    assert "interrupted" not in result.said


def test_wait_for_a_thread_that_does_not_end_is_interrupted(reload):
    result = reload(
        """
        import threading
        class Worker:
            def __init__(self):
                self.wake = threading.Event()
                self.thread = threading.Thread(target=self.wake.wait, name="worker")
                self.thread.start()
        worker = Worker()
        """
    )
    assert result.found == [("thread", "left_open", 1, 6)]
    assert "was then interrupted" in result.said
    assert "daemon=True" in result.said


def test_daemon_thread_that_holds_a_connection_is_a_finding(reload):
    result = reload(
        """
        import sqlite3
        import threading
        def work():
            connection = sqlite3.connect("shop.db")
            threading.Event().wait()
        threading.Thread(target=work, name="writer", daemon=True).start()
        """
    )
    assert result.found == [("sqlite", "left_open", 1, 4), ("thread", "left_open", 1, 6)]
    assert "tell the thread to stop, and join it" in result.said


def test_daemon_thread_that_holds_nothing_is_noted(reload):
    source = """
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    """
    result = reload(source)
    assert result.found == []
    assert result.noted == [("thread", "left_open", 1, 2)]


def test_object_whose_close_stops_and_joins_its_thread_is_no_finding(reload):
    result = reload(
        """
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
        """
    )
    assert result.found == []


def test_idle_executor_is_no_finding(reload):
    result = reload(
        """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor()
        def view():
            return pool.submit(lambda: "hi").result()
        """
    )
    assert (result.found, result.noted) == ([], [])


def test_executor_that_works_is_waited_for_and_interrupted(reload):
    result = reload(
        """
        from concurrent.futures import ThreadPoolExecutor
        import time
        pool = ThreadPoolExecutor(1)
        def view():
            pool.submit(time.sleep, 60)
            return "hi"
        """,
        requests=1,
    )
    assert result.found == [("thread", "left_open", 1, 5)]
    assert "a thread of an executor" in result.said
    assert "keep an executor's tasks short" in result.said


def test_timers_that_start_one_another_are_one_wait(reload):
    result = reload(
        """
        import os
        import threading
        def tick():
            threading.Timer(0.2, tick).start()
        if os.environ.get("WERKZEUG_RUN_MAIN"):
            tick()
        """
    )
    assert [(kind, line) for kind, _, _, line in result.found] == [("thread", 4)] * len(result.found)
    # Python 3.12 starts no threads any more when it ends.
    assert ("was then interrupted" in result.said) is (sys.version_info[:2] != (3, 12))


def test_thread_that_a_library_started_is_no_finding(reload, pytester):
    (pytester.path / "site-packages").mkdir()
    (pytester.path / "site-packages" / "telemetry.py").write_text(
        "from threading import Event, Thread\n"
        "def init():\n    Thread(target=Event().wait, daemon=True).start()\n"
    )
    result = reload("import telemetry\ntelemetry.init()\n", "-o", "pythonpath=site-packages")
    assert (result.found, result.noted) == ([], [])


# -- other kinds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("file", "log = open('shop.log', 'w')"),
        ("socket", "import socket; sock = socket.socket()"),
        ("subprocess", "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'input()'])"),
        ("tempdir", "import tempfile; path = tempfile.mkdtemp(dir='.')"),
        ("event-loop", "import asyncio; loop = asyncio.new_event_loop()"),
    ],
)
def test_what_a_module_holds_is_found(reload, kind, source):
    assert reload(source).found == [(kind, "left_open", 1, 1)]


@pytest.mark.parametrize(
    "source",
    [
        "import logging; logging.basicConfig(filename='shop.log', level='INFO')",
        "import tempfile; directory = tempfile.TemporaryDirectory(dir='.')",
        "import weakref; file = open('log', 'w'); weakref.finalize(create_app, file.close)",
    ],
    ids=["log handler", "TemporaryDirectory", "finalize"],
)
def test_what_python_closes_when_a_process_ends_is_no_finding(reload, source):
    assert reload(f"def create_app(): pass\n{source}\n").found == []


def test_file_dropped_by_a_view_is_found(reload):
    result = reload("def view():\n    return open(__file__).read()[:0] + 'hi'\n", requests=3)
    assert result.found == [("file", "dropped", 3, 2)]


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ("connection = sqlite3.connect('shop.db')", "atexit.register(connection.close)"),
        ("log: object = open('shop.log', 'w')", "atexit.register(log.close)"),
        ("handle = os.open('shop.log', os.O_CREAT)", "atexit.register(os.close, handle)"),
        ("folder = tempfile.mkdtemp(dir='.')", "atexit.register(shutil.rmtree, folder)"),
        ("settings = json.load(open('shop.json'))", "use a with block"),
        ("text = open('shop.json').read()", "Path(...).read_text()"),
        ("kept = [open('shop.json')]", "an atexit hook that calls close()"),
    ],
)
def test_advice_fits_the_line(reload, pytester, source, advice):
    (pytester.path / "shop.json").write_text("{}")
    result = reload(f"import json, os, sqlite3, tempfile\n{source}\n", requests=0)
    assert result.found[0][3] == 2
    assert advice in result.said


def test_forked_process_of_the_application_is_not_the_servers(reload):
    result = reload(
        """
        import os, sys
        file = open("log", "w")
        if os.environ.get("WERKZEUG_RUN_MAIN") and os.fork() == 0:
            sys.exit(0)
        """
    )
    assert result.found == [("file", "left_open", 1, 2)]


def test_what_a_library_alone_has_dropped_is_counted_under_its_name(reload, pytester):
    (pytester.path / "site-packages").mkdir()
    (pytester.path / "site-packages" / "orm.py").write_text(
        "import sqlite3\nclass View:\n    __name__ = 'view'\n    def __call__(self):\n"
        "        sqlite3.connect('orm.db').execute('SELECT 1')\n        return 'hi'\n"
    )
    result = reload("import orm\nview = orm.View()\n", "-o", "pythonpath=site-packages")
    assert result.found == []
    assert result.notes == ["note opened by a library alone, and not closed: 2 sqlite of orms"]


def test_requests_that_are_being_answered_disturb_no_report(run_suite):
    source = """
        import threading

        def test_it(dev_server):
            server, stop = dev_server("leaky"), threading.Event()

            def ask():
                while not stop.is_set():
                    try:
                        server.get("/")
                    except Exception:
                        pass

            threads = [threading.Thread(target=ask) for _ in range(3)]
            for thread in threads:
                thread.start()
            reports = [server.reload() for _ in range(3)]
            stop.set()
            for thread in threads:
                thread.join()
            for report in reports:
                assert [finding.kind for finding in report.findings] == ["sqlite"], str(report)
                assert report.notes == []
    """
    run_suite(source, files={"leaky.py": LEAKY}).assert_outcomes(passed=1)


def test_failing_atexit_hook_is_found_where_it_was_registered(reload):
    result = reload("import atexit\ndef hook(name):\n    1 / 0\natexit.register(hook, 'name')\n")
    assert result.found == [("other", "left_open", 1, 4)]
    assert "ZeroDivisionError" in result.said


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


def test_hook_that_cannot_be_shown_runs(reload, pytester):
    reload(
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


def test_error_of_a_hook_that_cannot_be_shown_is_named_by_its_type(reload):
    result = reload(
        """
        import atexit

        class Unspeakable(Exception):
            def __str__(self):
                raise ValueError

        def hook():
            raise Unspeakable

        atexit.register(hook)
        """
    )
    assert result.found == [("other", "left_open", 1, 10)]
    assert "Unspeakable" in result.said


def test_atexit_works_as_usual(reload, pytester):
    reload(
        """
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
        """,
        requests=0,
    )
    # Once in each child, and in the parent.
    lines = (pytester.path / "log").read_text().splitlines()
    assert sorted(set(lines)) == ["TypeError", "hook ran"]


def test_pool_of_an_engine_is_noted_where_the_engine_was_created(reload):
    pytest.importorskip("sqlalchemy")
    result = reload(
        """
        import sqlalchemy
        engine = sqlalchemy.create_engine("sqlite:///shop.db")
        def view():
            with engine.connect() as connection:
                return connection.execute(sqlalchemy.text("SELECT 'hi'")).scalar()
        """
    )
    assert result.found == []
    assert result.noted == [("sqlite", "left_open", 1, 2)]


def test_engine_that_a_view_makes_and_drops_is_a_finding(reload):
    pytest.importorskip("sqlalchemy")
    result = reload(
        """
        import sqlalchemy
        def view():
            engine = sqlalchemy.create_engine("sqlite:///shop.db")
            with engine.connect() as connection:
                return connection.execute(sqlalchemy.text("SELECT 'hi'")).scalar()
        """
    )
    assert result.found == [("sqlite", "dropped", 2, 3)]
    assert "engine.dispose" in result.said


def test_engine_in_memory_whose_pool_belongs_to_other_threads_is_no_finding(reload):
    pytest.importorskip("sqlalchemy")
    result = reload(
        """
        import atexit
        import sqlalchemy
        engine = sqlalchemy.create_engine("sqlite://")
        atexit.register(engine.dispose)
        def view():
            with engine.connect() as connection:
                return connection.execute(sqlalchemy.text("SELECT 'hi'")).scalar()
        """
    )
    assert result.found == []


def test_engine_that_is_disposed_of_is_no_finding(reload):
    pytest.importorskip("sqlalchemy")
    result = reload(
        """
        import atexit
        import sqlalchemy
        engine = sqlalchemy.create_engine("sqlite:///shop.db")
        atexit.register(engine.dispose)
        def view():
            with engine.connect() as connection:
                return connection.execute(sqlalchemy.text("SELECT 'hi'")).scalar()
        """
    )
    assert result.found == []


def test_response_that_is_still_being_sent_is_no_finding(run_suite):
    app = """
        import flask
        app = flask.Flask(__name__)

        @app.get("/")
        def index():
            def stream():
                with open(__file__) as file:
                    yield "begin"
                    __import__("time").sleep(60)
                    yield file.read()
            return stream()
    """
    source = """
        import http.client

        def test_it(dev_server):
            server = dev_server("shop")
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            connection.request("GET", "/")
            answer = connection.getresponse()
            assert answer.read(5) == b"begin"
            assert server.reload().findings == []
            answer.close()
            connection.close()
    """
    run_suite(source, files={"shop.py": app}).assert_outcomes(passed=1)


# -- the report ----------------------------------------------------------------------------------------------

LEAKY = """
    import sqlite3
    import flask
    connection = sqlite3.connect("shop.db")
    app = flask.Flask(__name__)
"""

CHECK = """
    def test_it(dev_server):
        dev_server("leaky").reload().check()
"""


def test_check_fails_the_test_at_the_line_that_opened_it(run_suite):
    result = run_suite(CHECK, files={"leaky.py": LEAKY})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "hygiene: leaky left 1 resource behind at the reload",
            "sqlite  opened here and still open when the process ended",
            '    leaky.py:4  in <module>  connection = sqlite3.connect("shop.db")',
            "fix: *atexit.register(connection.close)*",
            "*output of dev_server('leaky')*",
            "hygiene: 1 leak in 1 test",
            "*1 test  sqlite*leaky.py:4*",
            "FAILED test_suite.py::test_it - hygiene: sqlite leaky.py:4",
        ]
    )


def test_check_fails_the_same_under_xdist(run_suite):
    result = run_suite(CHECK, "-n1", files={"leaky.py": LEAKY}, with_plugins=("xdist",))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "hygiene: leaky left 1 resource behind at the reload",
            "hygiene: 1 leak in 1 test",
            "FAILED test_suite.py::test_it - hygiene: sqlite leaky.py:4",
        ]
    )


def test_error_that_the_test_catches_is_no_leak_of_the_run(run_suite):
    source = """
        import pytest
        from pytest_flask_hygiene.leak_error import LeakError

        def test_it(dev_server):
            report = dev_server("leaky").reload()
            with pytest.raises(LeakError, match="left 1 resource behind"):
                report.check()
    """
    result = run_suite(source, files={"leaky.py": LEAKY})
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_mode_warn_lists_and_fails_nothing(run_suite):
    result = run_suite(CHECK, "--hygiene=warn", files={"leaky.py": LEAKY})
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test (warn: nothing fails)", "*sqlite*leaky.py:4*"])


def test_mark_allows_findings(run_suite):
    source = """
        import pytest

        @pytest.mark.allow_leak("sqlite", match="leaky.py", reason="the process ends anyway")
        def test_it(dev_server):
            report = dev_server("leaky").reload()
            report.check()
            assert [finding.kind for finding in report.allowed][0] == "sqlite"
    """
    run_suite(source, files={"leaky.py": LEAKY}).assert_outcomes(passed=1)


def test_findings_are_readable_in_an_assertion(run_suite):
    source = """
        def test_it(dev_server):
            report = dev_server("leaky").reload()
            print(repr(report))
            assert report.findings == []
    """
    result = run_suite(source, files={"leaky.py": LEAKY})
    result.stdout.fnmatch_lines(["*<Finding sqlite left_open *leaky.py:4>*"])
    result.stdout.re_match_lines([r"<Report of the reload: 1 sqlite left behind, \d\.\d\d s>"])


NOISY = """
    import flask
    app = flask.Flask(__name__)

    @app.get("/")
    def index():
        open(__file__)
        return "hi"
"""


def test_warnings_are_what_the_process_emitted(run_suite):
    source = """
        def test_it(dev_server):
            server = dev_server("noisy")
            for _ in range(2):
                server.get("/")
            report = server.reload()
            assert len(report.warnings) == 2
            assert all(text.startswith("ResourceWarning: unclosed file") for text in report.warnings)
            server.get("/")
            assert len(server.reload().warnings) == 1
    """
    run_suite(source, files={"noisy.py": NOISY}).assert_outcomes(passed=1)


def test_servers_log_is_as_without_the_plugin(run_suite):
    source = """
        import pytest

        @pytest.mark.parametrize(("options", "shown"), [({}, False), ({"PYTHONDEVMODE": "1"}, True)])
        def test_it(dev_server, options, shown):
            server = dev_server("noisy", env=options)
            server.get("/")
            assert ("ResourceWarning: unclosed file" in server.output) is shown
    """
    run_suite(source, files={"noisy.py": NOISY}).assert_outcomes(passed=2)


def test_each_report_is_about_the_process_that_ended(run_suite):
    app = """
        import flask
        app = flask.Flask(__name__)

        @app.get("/")
        def index():
            app.kept = open(__file__)
            return "hi"
    """
    source = """
        def test_it(dev_server):
            server = dev_server("shop")
            server.get("/")
            assert [f.kind for f in server.reload().findings] == ["file"]
            assert server.reload().findings == []
            server.get("/")
            assert [f.kind for f in server.stop().findings] == ["file"]
    """
    run_suite(source, files={"shop.py": app}).assert_outcomes(passed=1)


# -- stopping ------------------------------------------------------------------------------------------------


def test_stop_reports_as_reload_does(run_suite):
    source = """
        def test_it(dev_server):
            report = dev_server("leaky").stop()
            assert [(f.kind, f.count) for f in report.findings] == [("sqlite", 1)]
            assert report.noted == [] and report.notes == [] and report.in_parent == []
    """
    run_suite(source, files={"leaky.py": LEAKY}).assert_outcomes(passed=1)


def test_stop_by_sigterm_says_what_is_not_known(run_suite):
    source = """
        import pytest, signal
        from pytest_flask_hygiene.dev_server.errors import DevServerError

        def test_it(dev_server):
            report = dev_server("leaky").stop(signal.SIGTERM)
            assert report.findings == []
            assert "SIGTERM" in report.notes[0] and "not known" in report.notes[0]
            with pytest.raises(DevServerError, match="nothing is known"):
                report.check()
    """
    run_suite(source, files={"leaky.py": LEAKY}).assert_outcomes(passed=1)


def test_stop_names_the_thread_that_it_waited_for(run_suite):
    app = """
        import threading
        import flask
        threading.Thread(target=threading.Event().wait, name="worker").start()
        app = flask.Flask(__name__)
    """
    source = """
        def test_it(dev_server):
            report = dev_server("shop", wait_for_threads=0.5).stop()
            assert [(f.kind, f.thread, f.count) for f in report.findings] == [("thread", "worker", 1)]
            assert "Ctrl-C" in report.notes[0] and "0.25 s" in report.notes[0]
    """
    run_suite(source, files={"shop.py": app}).assert_outcomes(passed=1)


def test_process_that_ends_without_its_hooks_is_a_note(run_suite):
    app = """
        import atexit
        import os
        import flask
        atexit.register(os._exit, 3)
        app = flask.Flask(__name__)
    """
    source = """
        def test_it(dev_server):
            report = dev_server("shop").reload()
            assert "not known" in report.notes[0]
    """
    run_suite(source, files={"shop.py": app}).assert_outcomes(passed=1)
