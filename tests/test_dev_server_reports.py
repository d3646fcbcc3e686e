"""The report of ``server.reload()`` and ``server.stop()``: its ``check()``, its texts, the ways to stop."""

from __future__ import annotations

import pytest

pytest_plugins = ["shared_runs"]
pytestmark = pytest.mark.once_a_python

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


#: Catches what ``check()`` raises, and fails by an assertion of its own.
CATCHES = """
    import pytest
    from pytest_flask_hygiene.leak_error import LeakError

    def test_it(dev_server):
        report = dev_server("leaky").reload()
        with pytest.raises(LeakError, match="left 1 resource behind"):
            report.check()
        print(repr(report))
        assert report.findings == []
"""


def test_error_that_the_test_catches_is_no_leak_of_the_run(run_once):
    result = run_once(CATCHES, files={"leaky.py": LEAKY})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *assert *", "hygiene: no leaks"])


def test_findings_are_readable_in_an_assertion(run_once):
    result = run_once(CATCHES, files={"leaky.py": LEAKY})
    result.stdout.fnmatch_lines(["*<Finding sqlite left_open *leaky.py:4>*"])
    result.stdout.re_match_lines([r"<Report of the reload: 1 sqlite left behind, \d\.\d\d s>"])


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


NOISY = """
    import flask
    app = flask.Flask(__name__)

    @app.get("/")
    def index():
        open(__file__)
        return "hi"
"""


def test_warnings_are_what_the_process_emitted_although_its_log_has_none(run_suite):
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
            assert "ResourceWarning: unclosed file" not in server.output
    """
    run_suite(source, files={"noisy.py": NOISY}).assert_outcomes(passed=1)


def test_log_has_the_warnings_that_it_has_without_the_plugin(run_suite):
    source = """
        def test_it(dev_server):
            server = dev_server("noisy", env={"PYTHONDEVMODE": "1"})
            server.get("/")
            assert "ResourceWarning: unclosed file" in server.output
    """
    run_suite(source, files={"noisy.py": NOISY}).assert_outcomes(passed=1)


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


# -- requests under way


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


# -- stopping


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
