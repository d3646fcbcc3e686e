"""What becomes of a leak: in which report it is found, and what it does to a test that does not pass."""

from __future__ import annotations

from textwrap import dedent

import pytest


def failed_in(result: pytest.RunResult, word: str) -> list[str]:
    """The node ids of the short summary's ``FAILED`` or ``ERROR`` lines."""
    lines = [line for line in result.outlines if line.startswith(f"{word} ") and line[len(word) + 1] != " "]
    return [line.removeprefix(f"{word} ").partition(" - ")[0] for line in lines]


def listed(result: pytest.RunResult) -> str:
    """What stands in the sections that list what a test left beside its own failure."""
    _, _, rest = result.stdout.str().partition("hygiene: also left open")
    return rest.partition("\n===")[0]


# -- phase


def test_found_after_the_call_fails_the_test(run_suite):
    result = run_suite(
        """
        def test_leaks():
            open("left.txt", "w")

        def test_innocent():
            pass
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    assert failed_in(result, "FAILED") == ["test_suite.py::test_leaks"]
    assert result.ret == pytest.ExitCode.TESTS_FAILED


HELD_UNTIL_TEARDOWN = {
    "log handler": """
        import logging

        def test_holds():
            file = open("left.txt", "w")
            try:
                raise ValueError("bad")
            except ValueError:
                logging.getLogger("shop").exception("it went wrong")
        """,
    "self": """
        import unittest

        class TestCase(unittest.TestCase):
            def test_holds(self):
                self.file = open("left.txt", "w")
        """,
    "fixture value": """
        import pytest

        @pytest.fixture
        def box():
            return []

        def test_holds(box):
            box.append(open("left.txt", "w"))
        """,
}


@pytest.mark.parametrize("holder", HELD_UNTIL_TEARDOWN)
def test_held_until_teardown_is_an_error_at_teardown(run_suite, holder):
    # Inside this process our own pytest's log handler would hold the record as well.
    result = run_suite(HELD_UNTIL_TEARDOWN[holder], subprocess=holder == "log handler")
    result.assert_outcomes(passed=1, errors=1)
    (nodeid,) = failed_in(result, "ERROR")
    assert nodeid.endswith("::test_holds")
    result.stdout.fnmatch_lines(["hygiene: test_holds left 1 resource open", "*in test_holds *open(*"])


DROPPED_BY_A_LATER_TEST = """
    kept = []

    def test_opens():
        kept.append(open("left.txt", "w"))

    def test_drops():
        kept.clear()

    def test_after():
        pass
    """


def test_found_after_its_test_was_reported_is_one_session_finding(run_suite):
    result = run_suite(DROPPED_BY_A_LATER_TEST)
    result.assert_outcomes(passed=3, errors=1)
    (line,) = [line for line in result.outlines if line.startswith("ERROR ")]
    assert line.startswith("ERROR hygiene: ")
    assert "test_opens" in line
    assert "test_drops" not in line


def test_a_session_finding_makes_the_exit_status_1(run_suite):
    assert run_suite(DROPPED_BY_A_LATER_TEST).ret == pytest.ExitCode.TESTS_FAILED


def test_a_session_finding_is_listed_outside_tests(run_suite):
    result = run_suite(DROPPED_BY_A_LATER_TEST)
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests", "outside tests:", "*in test_opens *open(*"])


# -- tests that do not pass by themselves

FAILS_HOLDING_A_FILE = """
    def test_fails():
        open("dropped.txt", "w")
        held = open("held.txt", "w")
        assert False
    """


def test_a_failing_test_lists_what_it_had_dropped(run_suite):
    result = run_suite(FAILS_HOLDING_A_FILE)
    result.assert_outcomes(failed=1)
    assert 'open("dropped.txt", "w")' in listed(result)


def test_what_a_traceback_holds_is_no_finding(run_suite):
    result = run_suite(FAILS_HOLDING_A_FILE)
    result.assert_outcomes(failed=1)
    assert "held.txt" not in listed(result)


@pytest.mark.parametrize("innocents", [0, 1, 2])
def test_what_a_traceback_holds_is_charged_to_nobody_later(run_suite, innocents):
    more = "".join(f"\n    def test_innocent{i}():\n        pass\n" for i in range(innocents))
    result = run_suite(FAILS_HOLDING_A_FILE + more)
    result.assert_outcomes(failed=1, passed=innocents)
    assert failed_in(result, "FAILED") == ["test_suite.py::test_fails"]


def test_a_failing_test_is_no_leak_of_the_summary(run_suite):
    result = run_suite(FAILS_HOLDING_A_FILE)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_a_failing_unittest_keeps_its_outcome(run_suite):
    result = run_suite(
        """
        import unittest

        class TestCase(unittest.TestCase):
            def test_fails(self):
                self.held = open("held.txt", "w")
                self.fail("no")

            def test_innocent(self):
                pass
        """
    )
    result.assert_outcomes(failed=1, passed=1)


KEEPS_ITS_OUTCOME = {
    "skip": ("skipped", "", 'pytest.skip("not here")'),
    "xfail called": ("xfailed", "", 'pytest.xfail("known")'),
    "xfail mark": ("xfailed", "@pytest.mark.xfail", "assert False"),
    "xfail strict mark": ("xfailed", "@pytest.mark.xfail(strict=True)", "assert False"),
}


@pytest.mark.parametrize("how", KEEPS_ITS_OUTCOME)
def test_a_leak_does_not_change_the_outcome_of(run_suite, how):
    outcome, mark, end = KEEPS_ITS_OUTCOME[how]
    result = run_suite(
        f"""
        import pytest

        {mark}
        def test_ends_otherwise():
            open("dropped.txt", "w")
            held = open("held.txt", "w")
            {end}

        def test_innocent():
            pass
        """
    )
    result.assert_outcomes(passed=1, **{outcome: 1})
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("strict", [False, True])
def test_a_leak_never_satisfies_xfail(run_suite, strict):
    result = run_suite(
        f"""
        import pytest

        @pytest.mark.xfail(strict={strict})
        def test_leaks():
            open("left.txt", "w")
        """
    )
    result.assert_outcomes(failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*in test_leaks *open(*"])


def test_a_clean_xpass_stays_an_xpass(run_suite):
    result = run_suite("import pytest\n\n@pytest.mark.xfail\ndef test_passes():\n    pass\n")
    result.assert_outcomes(xpassed=1)
    assert result.ret == pytest.ExitCode.OK


def test_a_failing_setup_is_one_error(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture
        def broken():
            open("dropped.txt", "w")
            held = open("held.txt", "w")
            raise RuntimeError("no database")

        def test_needs_it(broken):
            pass

        def test_innocent():
            pass
        """
    )
    result.assert_outcomes(errors=1, passed=1)


def test_a_failing_teardown_is_one_error_that_lists_the_leak(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture
        def box():
            yield []
            raise RuntimeError("teardown broke")

        def test_holds(box):
            box.append(open("left.txt", "w"))

        def test_innocent():
            pass
        """
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["E *RuntimeError: teardown broke"])


# -- subtests

needs_subtests = pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="no subtests fixture")


@needs_subtests
def test_a_leak_of_a_subtest_fails_its_test_once(run_suite):
    result = run_suite(
        """
        def test_parts(subtests):
            for number in range(3):
                with subtests.test(number=number):
                    if number == 1:
                        open("left.txt", "w")

        def test_innocent():
            pass
        """
    )
    assert failed_in(result, "FAILED") == ["test_suite.py::test_parts"]
    assert failed_in(result, "ERROR") == []


@needs_subtests
def test_clean_subtests_pass(run_suite):
    result = run_suite(
        """
        def test_parts(subtests):
            for number in range(3):
                with subtests.test(number=number):
                    pass
        """
    )
    assert result.ret == pytest.ExitCode.OK


# -- ways to stop


@pytest.mark.parametrize(
    ("first", "outcomes"),
    [
        ('def test_leaks():\n    open("left.txt", "w")\n', {"failed": 1}),
        (dedent(HELD_UNTIL_TEARDOWN["fixture value"]), {"passed": 1, "errors": 1}),
    ],
    ids=["in the call", "at teardown"],
)
def test_maxfail_stops_at_a_leak(run_suite, first, outcomes):
    result = run_suite(first + "\ndef test_never_run():\n    pass\n", "-x")
    result.assert_outcomes(**outcomes)


@pytest.mark.parametrize(
    ("stop", "status"),
    [
        ("raise KeyboardInterrupt", 2),
        ("pytest.exit('enough')", 2),
        ("pytest.exit('enough', returncode=7)", 7),
    ],
)
def test_stopping_the_run_inside_a_test_does_no_harm(run_suite, stop, status):
    result = run_suite(
        f"""
        import pytest

        def test_passes():
            pass

        def test_stops():
            file = open("left.txt", "w")
            {stop}
        """,
        subprocess=True,
    )
    assert result.ret == status
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")
    assert "Traceback" not in result.stderr.str()


# -- reruns

LEAKS_WHILE = """
    import pathlib

    def test_flaky():
        attempts = pathlib.Path("attempts.txt")
        number = len(attempts.read_text()) if attempts.exists() else 0
        attempts.write_text("x" * (number + 1))
        if {condition}:
            open("left.txt", "w")

    def test_innocent():
        pass
    """


def test_a_leak_in_the_first_attempt_only_passes_in_the_end(run_suite):
    pytest.importorskip("pytest_rerunfailures")
    suite = LEAKS_WHILE.format(condition="number == 0")
    result = run_suite(suite, "--reruns=1", with_plugins=("rerunfailures",))
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_a_leak_in_each_attempt_fails_once(run_suite):
    pytest.importorskip("pytest_rerunfailures")
    suite = LEAKS_WHILE.format(condition="True")
    result = run_suite(suite, "--reruns=1", with_plugins=("rerunfailures",))
    result.assert_outcomes(failed=1, passed=1)
    assert result.parseoutcomes()["rerun"] == 1
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


# -- other people's hooks


@pytest.mark.parametrize("options", ["wrapper=True", "wrapper=True, tryfirst=True"])
def test_a_makereport_wrapper_of_a_conftest_sees_the_verdict(run_suite, options):
    conftest = f"""
        import pytest

        @pytest.hookimpl({options})
        def pytest_runtest_makereport(item, call):
            report = yield
            if report.when == "call":
                with open("seen.txt", "a") as file:
                    file.write(report.outcome)
            return report
        """
    result = run_suite('def test_leaks():\n    open("left.txt", "w")\n', files={"conftest.py": conftest})
    result.assert_outcomes(failed=1)
    with open("seen.txt") as file:
        assert file.read() == "failed"


SETUP_ENDS = """
    import sqlite3

    import pytest

    @pytest.fixture(scope="{scope}")
    def fixture():
        file = open(__file__)
        connection = sqlite3.connect(":memory:")
        {ends}

    class TestFirst:
        def test_uses(self, fixture):
            pass

        def test_innocent(self):
            pass

    def test_another_innocent():
        pass
    """


@pytest.mark.parametrize("flags", [(), ("--hygiene-strict",)])
@pytest.mark.parametrize("scope", ["class", "module", "session"])
@pytest.mark.parametrize(
    ("ends", "outcome"),
    [("raise RuntimeError", "errors"), ('pytest.skip("not here")', "skipped")],
)
def test_what_the_traceback_of_a_wider_fixtures_setup_holds_is_no_finding(
    run_suite, scope, ends, outcome, flags
):
    result = run_suite(SETUP_ENDS.format(scope=scope, ends=ends), *flags)
    result.assert_outcomes(passed=2, **{outcome: 1})
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_what_a_wider_fixtures_setup_dropped_before_it_failed_is_listed(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture(scope="module")
        def fixture():
            open(__file__)
            raise RuntimeError

        def test_it(fixture):
            pass
        """
    )
    result.stdout.fnmatch_lines(["*1 test  file *test_suite.py:5 *"])
