"""``--hygiene-explain``: of one test, how each resource ended and what decided on it."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest
from explained import FILE, LEFT_OPEN, blocks, one

pytest_plugins = ["explained"]


def test_closed_file_has_its_name_owner_site_and_end(explain):
    block = one(explain(FILE))
    assert block["title"].startswith("file  ")
    assert block["title"].endswith("a.txt")
    assert block["owner"] == "test test_it, test_suite.py:1"
    assert block["site"] == ['test_suite.py:2  in test_it  with open(tmp_path / "a.txt", "w"):']
    assert block["ended"] == "closed before the call had ended"
    assert block["counts as"] == "not charged"


def test_no_section_without_the_option(run_suite):
    run_suite(FILE).stdout.no_fnmatch_line("*explain*")


def test_quiet_run_prints_it(explain):
    assert one(explain(FILE, "-qq"))


def test_no_summary_prints_it(explain):
    assert one(explain(FILE, "--no-summary"))


def test_dropped_file_fails(explain):
    lines = explain("def test_it():\n    open(__file__)\n")
    assert lines[0] == "1 resource: 1 failed"
    block = one(lines)
    assert block["ended"] == "dropped; found when the call had ended"
    assert block["counts as"] == "failed: dropped without having been closed"


def test_dropped_file_in_mode_warn_is_noted(explain):
    block = one(explain("def test_it():\n    open(__file__)\n", "--hygiene=warn"))
    assert (
        block["counts as"] == "noted: dropped without having been closed, which fails without --hygiene=warn"
    )


def test_left_open_is_noted_with_its_holder(explain):
    block = one(explain(LEFT_OPEN))
    assert block["title"] == "socket"
    assert block["ended"] == "left open; found in the teardown"
    assert block["held by"] == "test_suite.kept"
    assert block["counts as"] == "noted: left open; --hygiene-strict fails it"


def test_left_open_fails_in_strict_mode(explain):
    block = one(explain(LEFT_OPEN, "--hygiene-strict"))
    assert block["counts as"] == "failed: left open, and the mode is strict"


def test_sqlite_connection_of_a_fixture_is_closed_in_the_teardown(explain):
    suite = """
        import sqlite3
        import pytest

        @pytest.fixture
        def db():
            connection = sqlite3.connect(":memory:")
            yield connection
            connection.close()

        def test_it(db):
            pass
    """
    block = one(explain(suite))
    assert block["title"] == "sqlite"
    assert block["owner"] == "function fixture 'db', test_suite.py:4"
    assert block["ended"] == "closed in the teardown"


@pytest.mark.parametrize(
    ("body", "title", "ended"),
    [
        ("s = socket.socket(); s.close()", "socket", "closed"),
        ("sqlite3.connect(':memory:').close()", "sqlite", "closed"),
        ("subprocess.run([sys.executable, '-c', ''])", "subprocess", "ended"),
        ("with tempfile.TemporaryDirectory(): pass", "tempdir  *", "removed"),
        ("asyncio.run(asyncio.sleep(0))", "event-loop", "closed"),
        ("t = threading.Thread(target=print, name='worker'); t.start(); t.join()", "thread  worker", "ended"),
        ("tempfile.TemporaryFile().close()", "file  a temporary file", "closed"),
        ("os.fdopen(os.open('made.txt', os.O_CREAT)).close()", "file  made.txt", "closed"),
    ],
)
def test_what_ended_in_the_call(explain, body, title, ended):
    suite = f"""
        import asyncio, os, socket, sqlite3, subprocess, sys, tempfile, threading

        def test_it():
            {body}
    """
    block = one(explain(suite))
    assert re.fullmatch(title.replace("*", ".*"), block["title"])
    assert block["ended"] == f"{ended} before the call had ended"
    assert block["counts as"] == "not charged"


def test_file_that_could_not_be_opened_is_not_said_to_be_closed_for_sure(explain):
    suite = """
        import pytest

        def test_it():
            with pytest.raises(OSError):
                open("missing")
    """
    assert one(explain(suite))["ended"].endswith("(it is not there any more, or never was)")


def test_equal_ones_are_counted(explain):
    suite = "def test_it():\n    for _ in range(3):\n        open(__file__).close()\n"
    lines = explain(suite)
    assert lines[0] == "3 resources: 3 not charged"
    assert one(lines)["title"] == "file  test_suite.py  (3 times)"


def test_charged_ones_come_first(explain):
    suite = "def test_it():\n    open(__file__).close()\n    open(__file__)\n"
    words = [block["counts as"].partition(":")[0] for block in blocks(explain(suite))]
    assert words == ["failed", "not charged"]


def test_failed_test_may_hold_it_in_its_traceback(explain):
    suite = "kept = []\n\ndef test_it():\n    kept.append(open(__file__))\n    assert 0\n"
    block = one(explain(suite))
    assert block["ended"] == "still open at the session's end"
    assert "the test did not pass by itself" in block["counts as"]


def test_finding_of_a_wider_fixture_that_is_charged_to_the_test(explain):
    suite = """
        import pytest

        @pytest.fixture(scope="module")
        def wide():
            yield open(__file__)

        def test_first(wide):
            pass

        def test_it():
            pass
    """
    block = one(explain(suite))
    assert block["owner"] == "module fixture 'wide', test_suite.py:3"
    assert block["counts as"] == "failed: dropped without having been closed"


def test_resource_that_a_wider_fixture_refers_to_is_its_own(explain):
    suite = """
        import pytest

        @pytest.fixture(scope="session")
        def cache():
            files = []
            yield files
            while files:
                files.pop().close()

        def test_it(cache):
            cache.append(open(__file__))

        def test_other():
            pass
    """
    block = one(explain(suite))
    assert block["owner"].startswith("session fixture 'cache', ")
    assert block["ended"] == "closed after the test had ended"
    assert block["counts as"] == "not charged: session fixture 'cache' referred to it, and owns it since"


def test_found_after_the_test_was_reported(explain):
    suite = """
        import pytest

        kept = []

        def test_it():
            kept.append(open(__file__))

        def test_other():
            kept.clear()
    """
    block = one(explain(suite))
    assert block["ended"] == "dropped; found after the test had ended"
    assert block["counts as"] == (
        "failed: dropped without having been closed; outside tests, for the test was reported before"
    )


# -- the user's decisions


def test_mark_is_named_with_its_reason(explain):
    suite = """
        import pytest

        @pytest.mark.allow_leak("file", match="suite", reason="known")
        def test_it():
            open(__file__)
    """
    block = one(explain(suite))
    assert block["counts as"] == "allowed: by the mark allow_leak('file', match='suite') (known)"


def test_line_of_hygiene_allow_is_named(explain):
    ini = {"pytest.ini": "[pytest]\nhygiene_allow =\n    socket\n    file:suite  # known\n"}
    block = one(explain("def test_it():\n    open(__file__)\n", files=ini))
    assert block["counts as"] == 'allowed: by the hygiene_allow line "file:suite  # known"'


def test_block_of_the_fixture_is_named(explain):
    suite = """
        def test_it(hygiene):
            with hygiene.allow("file"):
                open(__file__)
    """
    assert one(explain(suite))["counts as"] == "allowed: by hygiene.allow('file')"


def test_baseline_is_named(explain, run_suite):
    suite = "def test_it():\n    open(__file__)\n"
    run_suite(suite, "--hygiene-baseline=known.json", "--hygiene-update-baseline")
    block = one(explain(suite, "--hygiene-baseline=known.json"))
    assert block["counts as"] == "allowed: by an entry of the baseline known.json"


@pytest.mark.parametrize("kind", ["open(__file__)", "sqlite3.connect(':memory:')"])
def test_warning_filter_is_named(explain, kind):
    suite = f"""
        import pytest, sqlite3

        @pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
        def test_it():
            {kind}
    """
    block = one(explain(suite))
    assert "dropped" in block["ended"]
    assert block["counts as"].startswith("not charged: ")
    assert "'ignore:unclosed:ResourceWarning'" in block["counts as"]


def test_recorder_of_the_test_is_named(explain):
    suite = """
        import pytest

        def test_it():
            with pytest.warns(ResourceWarning):
                open(__file__)
    """
    block = one(explain(suite))
    assert block["ended"] == "dropped before the call had ended"
    assert block["counts as"].startswith("not charged: pytest.warns, recwarn or catch_warnings")


def test_check_that_the_test_caught(explain):
    suite = """
        import pytest

        def test_it(hygiene):
            open(__file__)
            with pytest.raises(AssertionError):
                hygiene.check()
    """
    block = one(explain(suite))
    assert block["counts as"] == "not charged: hygiene.check() raised it, and the test went on"


# -- Flask


APP = """
    import flask
    import pytest

    @pytest.fixture
    def app():
        app = flask.Flask(__name__)

        @app.get("/file")
        def file():
            return flask.send_file(__file__, mimetype="text/plain")

        @app.get("/stream")
        def stream():
            return (text for text in ("a", "b"))

        @app.post("/")
        def upload():
            return flask.request.form["a"][:1]

        return app

    def test_it(app):
"""


@pytest.fixture
def explain_app(explain):
    def run(*body, args=()):
        source = dedent(APP) + "".join(f"    {line}\n" for line in body)
        found = blocks(explain(source, *args))
        return [block for block in found if block["title"].startswith(("response", "context", "cycle"))]

    return run


def test_sent_file_that_was_closed_for_the_test(explain_app):
    (block,) = explain_app('kept = app.test_client().get("/file")')
    assert block["title"] == "response  the sent file test_suite.py"
    assert block["ended"] in ("closed for the test", "dropped, and closed for the test")
    assert block["counts as"].startswith("noted: a streamed response, closed and counted; --hygiene-strict")


def test_stream_that_was_closed_for_the_test(explain_app):
    (block,) = explain_app('kept = app.test_client().get("/stream")')
    assert block["title"] == "response  a streamed body"
    assert block["counts as"].startswith("noted: a streamed response")


def test_response_in_strict_mode(explain_app):
    (block,) = explain_app('app.test_client().get("/file")', args=["--hygiene-strict"])
    assert block["counts as"] == "failed: a streamed response that was not closed, and the mode is strict"


def test_response_that_the_test_closed(explain_app):
    (block,) = explain_app('with app.test_client().get("/file") as response:', "    assert response.data")
    assert block["title"] == "response  the sent file test_suite.py"
    assert block["ended"] == "closed before the call had ended"


def test_upload_that_was_closed_for_the_test(explain):
    body = (
        '    app.test_client().post("/", data={"a": "x" * 900_000, "b": (__import__("io").BytesIO(), "b")})\n'
    )
    found = blocks(explain(dedent(APP) + body))
    (block,) = [block for block in found if block["title"] == "file  a temporary file"]
    assert block["ended"] == "closed for the test"
    assert block["counts as"] == "not charged: the temporary file of an upload, closed and counted"


def test_context_that_was_left_pushed(explain_app):
    (block,) = explain_app("app.app_context().push()")
    assert block["title"] == "context  AppContext is still pushed"
    assert block["counts as"] == "failed: a context that was left pushed"


def test_context_that_was_popped(explain_app):
    (block,) = explain_app("with app.app_context(): pass")
    assert block["ended"] == "popped before the call had ended"


def test_cycle_of_test_code(explain_app):
    (block,) = explain_app("try: 1 / 0", "except ZeroDivisionError as error: kept = error")
    assert block["title"] == "cycle  ZeroDivisionError: division by zero is kept alive by kept in test_it"
    assert block["counts as"] == "noted: an exception cycle that test code closes; --hygiene-strict fails it"


def test_cycles_of_libraries_are_counted_by_their_edge(explain):
    lines = explain(dedent(APP) + '    app.test_client().get("/none")\n')
    assert any(
        re.match(r"exception cycles that only libraries close, counted: 1 through \S", x) for x in lines
    )


# -- libraries, and nothing at all


def test_what_libraries_opened_is_counted_under_their_names(explain):
    suite = "import flask\n\ndef test_it():\n    flask.Flask(__name__).test_client()\n"
    lines = explain(suite, subprocess=True)
    assert not blocks(lines)
    assert any(re.match(r"opened by \w+.*, and charged to nobody: \d+ x file", line) for line in lines)


def test_nothing_was_opened(explain):
    lines = explain("def test_it(): pass")
    assert lines[0].startswith("your code opened nothing in it or in its function fixtures")


def test_other_tests_are_not_told_of(explain):
    suite = "def test_other():\n    open(__file__).close()\n\ndef test_it():\n    pass\n"
    assert not blocks(explain(suite))
