"""A server that does not do what the test asks of it: one clear failure, in time, with its output."""

from __future__ import annotations

import time
from textwrap import dedent

import pytest

pytest_plugins = ["shared_runs"]
pytestmark = pytest.mark.once_a_python

APP = """
    import flask
    app = flask.Flask(__name__)
"""


@pytest.fixture
def fail(run_once):
    """Run a test that must fail within ``seconds``; its output."""

    def fail(body, source=APP, *args, seconds=20):
        lines = "\n".join(f"    {line}" for line in dedent(body).strip().splitlines())
        began = time.monotonic()
        result = run_once(
            f"import pytest\n\ndef test_it(dev_server):\n{lines}\n", *args, files={"shop.py": source}
        )
        assert time.monotonic() - began < seconds
        result.assert_outcomes(failed=1)
        return result.stdout

    return fail


def error(text):
    """The line in which pytest shows the error, with the beginning of the message."""
    return f"E * pytest_flask_hygiene.dev_server.errors.DevServerError: dev_server('shop'): {text}"


def test_application_that_cannot_be_imported(fail):
    output = fail("dev_server('shop')", "import missing_module\n")
    output.fnmatch_lines(
        [
            ">*dev_server('shop')*",
            error("not served: the server ended with exit status *, after printing: *missing_module*"),
            "E * see: docs/messages.md in pytest-flask-hygiene",
            "*output of dev_server('shop')*",
            "Traceback*",
            '*shop.py", line 1, in <module>*',
        ]
    )


def test_application_that_does_not_exist(fail):
    output = fail("dev_server('nothing')")
    output.fnmatch_lines(
        ["*DevServerError: dev_server('nothing'): not served: *Could not import 'nothing'.*"]
    )


def test_module_without_an_application(fail):
    output = fail("dev_server('shop')", "x = 1\n")
    output.fnmatch_lines([error("not served: *")])
    output.fnmatch_lines(["*Failed to find Flask application or factory in module 'shop'*"])


def test_syntax_error(fail):
    output = fail("dev_server('shop')", "def broken(:\n")
    output.fnmatch_lines([error("not served: *SyntaxError: *")])


def test_factory_that_fails(fail):
    output = fail("dev_server('shop:create_app')", "def create_app():\n    raise ValueError('no secret')\n")
    output.fnmatch_lines(["*DevServerError: *, after printing: ValueError: no secret"])


def test_only_the_tests_own_lines_are_in_the_traceback(fail):
    assert "dev_server/server.py" not in fail("dev_server('shop')", "import missing_module\n").str()


def test_port_that_is_taken(fail):
    output = fail(
        """
        import socket
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.listen()
            dev_server("shop", port=sock.getsockname()[1])
        """
    )
    output.fnmatch_lines([error("not served: the server ended with exit status 1, *Port * is in use*")])


def test_application_that_hangs_when_it_starts(fail):
    output = fail("dev_server('shop', timeout=1.5)", "import time\ntime.sleep(60)\n")
    output.fnmatch_lines(
        [
            error("not served within 1.5 s; its output ends with where it hung"),
            "*output of dev_server('shop')*",
            '*shop.py", line 2 in <module>*',
        ]
    )


def test_application_that_hangs_only_in_the_child(fail):
    source = """
        import flask, os, time
        app = flask.Flask(__name__)
        if os.environ.get("WERKZEUG_RUN_MAIN"):
            time.sleep(60)
    """
    output = fail("dev_server('shop', timeout=6)", source)
    output.fnmatch_lines([error("not served within 6 s*"), '*shop.py", line 5 in <module>*'])


def test_child_that_dies_in_a_request(fail):
    source = """
        import flask, os
        app = flask.Flask(__name__)
        app.add_url_rule("/", view_func=lambda: os._exit(7))
    """
    output = fail("dev_server('shop').get('/')", source)
    output.fnmatch_lines([error("GET /: *: the server ended with exit status 7*")])


def test_child_that_dies_when_it_is_reloaded(fail):
    source = """
        import flask, os, pathlib
        if os.environ.get("WERKZEUG_RUN_MAIN"):
            if pathlib.Path("once").exists():
                os._exit(5)
            pathlib.Path("once").touch()
        app = flask.Flask(__name__)
    """
    output = fail("dev_server('shop').reload()", source)
    output.fnmatch_lines([error("no new process after the reload: the server ended with exit status 5*")])


def test_change_that_is_not_noticed(fail):
    output = fail("dev_server('shop', env={'FLASK_RUN_EXCLUDE_PATTERNS': '*'}).reload(timeout=1)")
    output.fnmatch_lines([error("no reload within 1 s: the reloader did not notice the change*")])


def test_old_process_that_does_not_end(fail):
    source = """
        import atexit, flask, time
        atexit.register(time.sleep, 60)
        app = flask.Flask(__name__)
    """
    output = fail("dev_server('shop').reload(timeout=1)", source)
    output.fnmatch_lines(
        [error("no reload within 1 s: the old process did not end: its atexit hook *sleep* does not end*")]
    )


def test_new_process_that_hangs(fail):
    source = """
        import flask, os, pathlib, time
        if os.environ.get("WERKZEUG_RUN_MAIN"):
            if pathlib.Path("once").exists():
                time.sleep(60)
            pathlib.Path("once").touch()
        app = flask.Flask(__name__)
    """
    output = fail("dev_server('shop').reload(timeout=6)", source)
    output.fnmatch_lines(
        [error("no reload within 6 s: the new process does not serve*"), "*line 5 in <module>*"]
    )


def test_view_that_does_not_answer(fail):
    source = """
        import flask, time
        app = flask.Flask(__name__)
        app.add_url_rule("/", view_func=lambda: time.sleep(60))
    """
    output = fail("dev_server('shop', timeout=6).get('/?a=b')", source)
    output.fnmatch_lines([error("GET /?a=b: no answer within 6 s")])


def test_server_that_does_not_stop(fail):
    source = """
        import atexit, flask, time
        atexit.register(time.sleep, 60)
        app = flask.Flask(__name__)
    """
    output = fail("dev_server('shop').stop(timeout=1)", source)
    output.fnmatch_lines([error("still running 1 s after SIGINT: its atexit hook *sleep* does not end*")])


def test_error_has_the_report_of_the_process_that_ended(run_suite):
    source = """
        import pytest
        from pytest_flask_hygiene.dev_server.errors import DevServerError

        def test_it(dev_server):
            server = dev_server("shop")
            with open("shop.py", "a") as file:
                file.write("broken(\\n")
            with pytest.raises(DevServerError) as caught:
                server.reload()
            assert [finding.kind for finding in caught.value.report.findings] == ["file"]
            assert "SyntaxError" in caught.value.output
    """
    app = f"{dedent(APP)}file = open(__file__)\n"
    run_suite(source, files={"shop.py": app}).assert_outcomes(passed=1)


def test_server_that_was_stopped_says_so_whatever_it_is_asked_for(run_suite):
    source = """
        import pytest
        from pytest_flask_hygiene.dev_server.errors import DevServerError

        def test_it(dev_server):
            server = dev_server("shop")
            server.stop()
            for call in (server.reload, server.stop, server.get):
                with pytest.raises(DevServerError, match=r"^dev_server\\('shop'\\): .*stopped"):
                    call()
    """
    run_suite(source, files={"shop.py": APP}).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "dev_server(object())",
            "TypeError: dev_server: the application must be named (*not given as object*",
        ),
        ("dev_server('shop', cwd='nowhere')", "ValueError: dev_server: cwd='nowhere' is not a directory"),
        ("dev_server('shop', timeout=0)", "ValueError: dev_server: timeout=0 is not a number of seconds*"),
        (
            "dev_server('shop', interval=-1)",
            "ValueError: dev_server: interval=-1 is not a number of seconds*",
        ),
        ("dev_server('shop', wait_for_threads=-1)", "ValueError: dev_server: wait_for_threads=-1 is not*"),
        ("dev_server('shop', port='http')", "ValueError: dev_server: port='http' is not a port number*"),
        ("dev_server('shop', interval='often')", "ValueError: dev_server: interval='often' is not a number*"),
    ],
)
def test_argument_that_cannot_be_used(fail, call, message):
    fail(call, seconds=5).fnmatch_lines([f"E * {message} (see docs/messages.md in *)"])
