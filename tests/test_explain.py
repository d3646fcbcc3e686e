"""``--hygiene-explain``: of one test, how each resource ended and what decided on it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from textwrap import dedent

import pytest

CORPUS = Path(__file__).parent / "corpus"


def section(result, nodeid="test_suite.py::test_it"):
    """The lines of the section about a test, without blanks at their ends."""
    lines = [line.rstrip() for line in result.outlines]
    begin = next(n for n, line in enumerate(lines) if f" hygiene: explain {nodeid} " in line)
    rest = lines[begin + 1 :]
    end = next((n for n, line in enumerate(rest) if line.startswith("===")), len(rest))
    return rest[:end]


@pytest.fixture
def explain(run_suite):
    """Run a suite and give the section about ``test_it``."""

    def run(source, *args, nodeid="test_suite.py::test_it", **kwargs):
        result = run_suite(source, f"--hygiene-explain={nodeid}", *args, **kwargs)
        result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")
        return section(result, nodeid)

    return run


def blocks(lines):
    """Of each resource: its title and what is said of it."""
    text = "\n".join(lines)
    found = []
    for part in text.split("\n\n"):
        rows = part.splitlines()
        if any(row.startswith("    owner:") for row in rows):
            said = dict(re.findall(r"^    (owner|ended|held by|counts as): +(.*)$", part, re.MULTILINE))
            said["title"] = rows[0]
            said["site"] = [row.strip() for row in rows[1:] if re.match(r"    \S+:\d+  in ", row)]
            found.append(said)
    return found


def one(lines):
    (block,) = blocks(lines)
    return block


FILE = """
    def test_it(tmp_path):
        with open(tmp_path / "a.txt", "w"):
            pass
"""


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


LEFT_OPEN = """
    import socket

    kept = []

    def test_it():
        kept.append(socket.socket())
"""


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


# -- the user's decisions ----------------------------------------------------------------------


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


# -- Flask -------------------------------------------------------------------------------------

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


# -- libraries, and nothing at all -------------------------------------------------------------


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


# -- which test --------------------------------------------------------------------------------

PARAMETRIZED = """
    import pytest

    @pytest.mark.parametrize("number", range(7))
    def test_it(number):
        if number:
            open(__file__).close()
"""


def test_one_set_of_parameters(explain):
    assert one(explain(PARAMETRIZED, nodeid="test_suite.py::test_it[3]"))


def test_name_without_parameters_explains_the_first_five(run_suite):
    result = run_suite(PARAMETRIZED, "--hygiene-explain=test_suite.py::test_it")
    titles = [line for line in result.outlines if "hygiene: explain" in line]
    assert [re.search(r"\[(\d)\]", title)[1] for title in titles] == list("01234")
    result.stdout.fnmatch_lines(["2 more tests of test_suite.py::test_it ran: name one with its parameters"])


def why_not(run_suite, source, nodeid, *args):
    result = run_suite(source, f"--hygiene-explain={nodeid}", *args)
    lines = [line for line in section(result, nodeid) if line]
    return result, lines[0]


def test_unknown_test_names_those_with_close_names(run_suite):
    result, line = why_not(run_suite, FILE, "test_suite.py::test_ti")
    assert result.ret == pytest.ExitCode.OK
    assert line == "no such test was collected; close to it: test_suite.py::test_it"


def test_unknown_test_without_close_names(run_suite):
    _, line = why_not(run_suite, FILE, "xyz")
    assert line == "no such test was collected"


def test_deselected_test(run_suite):
    result, line = why_not(run_suite, FILE, "test_suite.py::test_it", "-k", "not test_it")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    assert line == "it did not run: it was deselected"


@pytest.mark.parametrize("xdist", [False, True])
def test_skipped_test(run_suite, xdist):
    suite = "import pytest\n\n@pytest.mark.skip(reason='no printer')\ndef test_it(): pass\n"
    result = run_suite(
        suite,
        "--hygiene-explain=test_suite.py::test_it",
        *(["-n1"] if xdist else []),
        with_plugins=("xdist",),
    )
    result.assert_outcomes(skipped=1)
    assert section(result)[0] == "it did not run: it was skipped: no printer"


def test_test_that_skips_itself_is_explained(explain):
    suite = "import pytest\n\ndef test_it():\n    open(__file__).close()\n    pytest.skip('x')\n"
    assert one(explain(suite))["ended"] == "closed before the call had ended"


def test_collected_test_that_did_not_run(run_suite):
    suite = "def test_first(): assert 0\n\ndef test_it(): pass\n"
    result, line = why_not(run_suite, suite, "test_suite.py::test_it", "-x")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert line == "it was collected, and did not run"


def test_file_is_no_test(run_suite):
    _, line = why_not(run_suite, FILE, "test_suite.py")
    assert line == "it is no test; tests in it: test_suite.py::test_it"


def test_path_from_where_pytest_was_started(run_suite, pytester, monkeypatch):
    (pytester.path / "below").mkdir()
    pytester.path.joinpath("pytest.ini").write_text("[pytest]\n", "utf-8")
    pytester.path.joinpath("below", "test_suite.py").write_text(dedent(FILE), "utf-8")
    monkeypatch.chdir(pytester.path / "below")
    result = run_suite("", "--hygiene-explain=test_suite.py::test_it")
    assert one(section(result, "below/test_suite.py::test_it"))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--hygiene-explain="], "--hygiene-explain: the node id of a test is missing*"),
        (["--hygiene-explain=x", "--hygiene=off"], "--hygiene-explain: nothing is seen with --hygiene=off"),
    ],
)
def test_usage_errors(run_suite, args, message):
    result = run_suite(FILE, *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message} (see docs/messages.md in pytest-flask-hygiene)"])


# -- with others -------------------------------------------------------------------------------


def test_same_under_xdist(explain):
    suite = dedent(LEFT_OPEN) + "    open(__file__)\n    open(__file__).close()\n"
    assert explain(suite, "-n2", with_plugins=("xdist",)) == explain(suite)


def test_deselected_under_xdist(run_suite):
    suite = dedent(FILE) + "\ndef test_other(): pass\n"
    nodeid = "test_suite.py::test_it"
    result = run_suite(
        suite, f"--hygiene-explain={nodeid}", "-n1", "-k", "test_other", with_plugins=("xdist",)
    )
    assert section(result, nodeid)[0] == "it did not run: it was deselected"


def test_worker_that_crashed(run_suite):
    suite = "import os\n\ndef test_it():\n    open(__file__).close()\n\ndef test_z():\n    os._exit(1)\n"
    result = run_suite(suite, "--hygiene-explain=test_suite.py::test_it", "-n1", with_plugins=("xdist",))
    assert section(result)[0] == "what it opened is not known: its process has crashed"


def test_last_attempt_is_explained(explain):
    suite = """
        attempts = []

        def test_it():
            attempts.append(1)
            if len(attempts) == 1:
                open(__file__).close()
                assert 0
    """
    assert not blocks(explain(suite, "--reruns=1", with_plugins=("rerunfailures",)))


def test_threads_births_are_the_tests(explain):
    suite = """
        import threading

        def test_it():
            thread = threading.Thread(target=lambda: open(__file__).close())
            thread.start()
            thread.join()
    """
    titles = sorted(block["title"].partition("  ")[0] for block in blocks(explain(suite)))
    assert titles == ["file", "thread"]


def test_nothing_of_the_users_is_held(run_suite):
    suite = """
        import socket
        import sqlite3
        import weakref

        class Socket(socket.socket):
            pass

        class Connection(sqlite3.Connection):
            pass

        references = []

        def test_it():
            for made in (Socket(), sqlite3.connect(":memory:", factory=Connection)):
                references.append(weakref.ref(made))
                made.close()

        def test_other():
            assert [reference() for reference in references] == [None, None]
    """
    run_suite(suite, "--hygiene-explain=test_suite.py::test_it").assert_outcomes(passed=2)


# -- nothing changes ---------------------------------------------------------------------------

SUITES = [
    *("leaky/streams", "leaky/sqlite_g", "leaky/threads", "leaky/unittest_contexts", "leaky/module_data"),
    *("leaky/class_database", "clean/streams", "clean/weakrefs", "clean/sqlite_session", "clean/send_files"),
]


@pytest.mark.parametrize("suite", SUITES)
def test_findings_are_those_without_it(run_suite, pytester, suite):
    def run(*args):
        result = run_suite("", "-v", "--hygiene-report=found.json", *args)
        for made in pytester.path.iterdir():
            if made.is_file() and made.name not in (*names, "found.json"):
                made.unlink()
        data = json.loads((pytester.path / "found.json").read_text("utf-8"))
        del data["cost"]
        return result, data

    shutil.copytree(CORPUS / suite, pytester.path, dirs_exist_ok=True)
    names = {path.name for path in pytester.path.iterdir()}
    result, data = run()
    nodeids = re.findall(r"^(test_\S+::\S+) ", "\n".join(result.outlines), re.MULTILINE)
    nodeid = next((finding["nodeid"] for finding in data["findings"]), nodeids[0])
    explained, data_then = run(f"--hygiene-explain={nodeid}")
    assert data_then == data
    assert explained.parseoutcomes() == result.parseoutcomes()
    assert explained.ret == result.ret
    assert section(explained, nodeid)


def test_it_is_loaded_only_when_it_is_asked_for(run_suite):
    suite = """
        import sys

        def test_it():
            assert not [name for name in sys.modules if "pytest_flask_hygiene" in name and "explain" in name]
            assert "pytest_flask_hygiene.journal" not in sys.modules
    """
    run_suite(suite, subprocess=True).assert_outcomes(passed=1)
