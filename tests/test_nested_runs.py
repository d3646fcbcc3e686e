"""Runs after runs, and runs inside runs, in one process: nothing adds up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from textwrap import dedent

import pytest
from reading_runs import failed

pytest_plugins = ["shared_runs"]
pytestmark = pytest.mark.once_a_python

#: A thousand take a minute or more; so many show the same.
RUNS = int(os.environ.get("HYGIENE_TEST_RUNS", "100"))

SUITE = """
    def test_leaks():
        open("left.txt", "w")

    def test_clean():
        pass
    """

SCRIPT = """
    import contextlib
    import gc
    import io
    import json
    import sys
    import threading
    import warnings

    import flask.ctx
    import pytest
    import werkzeug.test

    ARGS = ["-q", "--no-header", "--tb=no", "-p", "no:cacheprovider",
            "-p", "no:faulthandler", "-p", "no:logging",
            "-p", "no:doctest", "-p", "no:junitxml", "-p", "no:debugging",
            "-p", "pytest_flask_hygiene.plugin", "test_suite.py"]
    RUNS = int(sys.argv[1])
    codes = []

    def run(times):
        for _ in range(times):
            with contextlib.redirect_stdout(io.StringIO()):
                codes.append(int(pytest.main(ARGS)))

    def patches():
        return [repr(x) for x in (
            werkzeug.test.run_wsgi_app, flask.ctx.AppContext.push, threading.Thread.start,
            warnings._showwarnmsg,
            gc.collect, gc.callbacks, gc.get_debug(), gc.get_freeze_count() > 1_000,
            sys.unraisablehook, len(sys.meta_path),
            len(warnings.filters), gc.garbage,
        )]

    def objects():
        gc.collect()
        gc.collect()
        return len(gc.get_objects())

    before = patches()
    run(1)
    handlers = sys._pytest_flask_hygiene_audit
    run(49)
    early = objects()
    run(RUNS - 50)
    late = objects()
    after = patches()
    result = {
        "codes": sorted(set(codes)),
        "runs": len(codes),
        "same handlers": sys._pytest_flask_hygiene_audit is handlers,
        "handlers": sorted(handlers),
        "patched": [pair for pair in zip(before, after) if pair[0] != pair[1]],
        "early": early,
        "late": late,
    }
    with open("result.json", "w") as file:
        json.dump(result, file)
    """


@pytest.fixture(scope="module")
def many_runs(tmp_path_factory):
    """What is left by many runs in one process of their own."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "test_suite.py").write_text(dedent(SUITE), "utf-8")
    (folder / "run_it.py").write_text(dedent(SCRIPT), "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run([sys.executable, "run_it.py", str(RUNS)], cwd=folder, env=environ, check=True, timeout=900)
    return json.loads((folder / "result.json").read_text("utf-8"))


def test_each_of_a_many_runs_has_the_same_outcome(many_runs):
    assert many_runs["runs"] == RUNS
    assert many_runs["codes"] == [1]


def test_a_many_runs_share_one_audit_hook(many_runs):
    assert many_runs["same handlers"]


def test_a_many_runs_leave_no_audit_handler(many_runs):
    assert many_runs["handlers"] == []


def test_a_many_runs_leave_no_patch(many_runs):
    assert many_runs["patched"] == []


def test_a_many_runs_do_not_grow(many_runs):
    # Less than half an object for each of the runs between the two counts.
    assert many_runs["late"] - many_runs["early"] < (RUNS - 50) / 2


# -- a run inside a test of a run

INNER = """
    import sqlite3

    import shop

    def test_file(tmp_path):
        open(tmp_path / "left.txt", "w")

    def test_database():
        sqlite3.connect(":memory:")

    def test_file_in_a_cycle(tmp_path):
        held = [open(tmp_path / "left.txt", "w")]
        held.append(held)

    def test_exception_cycle():
        shop.work()
    """
SHOP = (
    'def work():\n    try:\n        raise ValueError("x")\n    except ValueError as e:\n        error = e\n'
)
LEAK = 'def test_leaks():\n    open("left.txt", "w")\n'
OUTER = """
    pytest_plugins = ["pytester"]
    INNER = {inner!r}
    SHOP = {shop!r}

    def test_outer(pytester):
        pytester.makepyfile(test_inner=INNER, shop=SHOP)
        pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(failed=4)
    """


@pytest.fixture
def run_inside_a_run(run_once):
    """A test that runs the suite above, and the tests of that suite after it."""
    suite = dedent(OUTER).format(inner=dedent(INNER), shop=SHOP) + dedent(INNER)
    return run_once(suite, "-p", "pytester", "-rpfE", files={"shop.py": SHOP}, subprocess=True)


def test_a_run_inside_a_test_finds_its_leaks_and_the_outer_test_passes(run_inside_a_run):
    run_inside_a_run.assert_outcomes(passed=1, failed=4)
    run_inside_a_run.stdout.fnmatch_lines(["PASSED test_suite.py::test_outer"])


def test_the_outer_run_finds_its_own_leaks_after_an_inner_run(run_inside_a_run):
    assert [line.split(" - ")[0] for line in failed(run_inside_a_run)] == [
        "FAILED test_suite.py::test_file",
        "FAILED test_suite.py::test_database",
        "FAILED test_suite.py::test_file_in_a_cycle",
        "FAILED test_suite.py::test_exception_cycle",
    ]


def test_what_the_outer_test_dropped_before_an_inner_run_is_its_own(run_suite):
    # Without automatic collections it is collected while the inner run is at work.
    suite = f"""
    import gc

    pytest_plugins = ["pytester"]

    def test_outer(pytester):
        gc.disable()
        held = [open("left.txt", "w")]
        held.append(held)
        del held
        pytester.makepyfile(test_inner={LEAK!r})
        pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(failed=1)
        gc.enable()
    """
    result = run_suite(suite, "-p", "pytester", subprocess=True)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["hygiene: test_outer left 1 resource open", "*test_suite.py:7 *in test_outer *"]
    )
