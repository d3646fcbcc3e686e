"""``--hygiene-explain``: which test is meant, with other plugins at work, and that nothing else changes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from explained import FILE, LEFT_OPEN, blocks, one, section

pytest_plugins = ["explained"]

CORPUS = Path(__file__).parent / "corpus"


# -- which test


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


# -- with others


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


# -- nothing changes


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
            assert "pytest_flask_hygiene.explain.journal" not in sys.modules
    """
    run_suite(suite, subprocess=True).assert_outcomes(passed=1)
