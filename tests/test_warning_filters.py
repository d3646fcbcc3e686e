"""What the user decided with warning filters and recorders is respected; all else changes nothing."""

from __future__ import annotations

import sys

import pytest
from every_kind import CYCLE, DROPPED, KINDS, OPENERS, file_of, files_of, suite

pytest_plugins = ["outer_run", "shared_runs"]
pytestmark = pytest.mark.usefixtures("pythons_own_filters")


ERRORS = ["error", "error::ResourceWarning"]
NO_DECISIONS = ["ignore", "default", "always", "once", "module", "ignore::DeprecationWarning", "ignore:other"]
#: "unclosed" is in the text of the warnings of four kinds.
DECISIONS = {
    "ignore::ResourceWarning": tuple(OPENERS),
    "ignore:unclosed": ("file", "socket", "sqlite", "event-loop"),
    "ignore:unclosed:ResourceWarning": ("file", "socket", "sqlite", "event-loop"),
    "ignore:Implicitly cleaning up:ResourceWarning": ("tempdir",),
    "ignore:subprocess:ResourceWarning": ("subprocess",),
}
decided = pytest.mark.parametrize("decision", DECISIONS)


@pytest.mark.parametrize("decision", [*ERRORS, *NO_DECISIONS])
def test_other_filters_change_nothing(run_suite, decision):
    result = run_suite("", "-W", decision, files=files_of(DROPPED))
    result.assert_outcomes(failed=KINDS, passed=KINDS)
    result.stdout.fnmatch_lines(["hygiene: test_leaks left 1 resource open"] * KINDS)


@pytest.mark.parametrize("decision", ERRORS)
@pytest.mark.parametrize("source", [DROPPED, CYCLE], ids=["dropped", "cycle"])
def test_an_error_filter_adds_no_failure_of_pytests_own(run_suite, decision, source):
    result = run_suite("", "-W", decision, files=files_of(source))
    result.assert_outcomes(failed=KINDS, passed=KINDS, warnings=0)
    result.stdout.no_fnmatch_line("*PytestUnraisableExceptionWarning*")


def assert_respected(result: pytest.RunResult, decision: str) -> None:
    """The kinds that it is about pass, and no other does."""
    passed = len(DECISIONS[decision])
    result.assert_outcomes(failed=KINDS - passed, passed=KINDS + passed)
    found = {
        kind for kind in OPENERS for line in result.outlines if line.startswith(f"FAILED {file_of(kind)}::")
    }
    assert found == OPENERS.keys() - set(DECISIONS[decision])


@decided
def test_a_filter_on_the_command_line_is_respected(run_suite, decision):
    assert_respected(run_suite("", "-W", decision, files=files_of(DROPPED)), decision)


@decided
def test_a_filter_in_the_ini_file_is_respected(run_suite, decision):
    ini = {"pytest.ini": f"[pytest]\nfilterwarnings =\n    {decision}\n"}
    assert_respected(run_suite(files={**files_of(DROPPED), **ini}), decision)


@decided
def test_a_filter_mark_is_respected(run_suite, decision):
    source = f"@pytest.mark.filterwarnings({decision!r})" + DROPPED
    assert_respected(run_suite(files=files_of(source)), decision)


def test_a_filter_mark_is_no_decision_for_the_next_test(run_suite):
    source = (
        '@pytest.mark.filterwarnings("ignore::ResourceWarning")\ndef test_before():\n    OPEN\n' + DROPPED
    )
    run_suite(suite(source)).assert_outcomes(failed=1, passed=2)


def test_a_simplefilter_in_a_conftest_is_no_decision(run_suite):
    conftest = "import warnings\nwarnings.simplefilter('ignore', ResourceWarning)\n"
    result = run_suite(suite(DROPPED), files={"conftest.py": conftest}, subprocess=True)
    result.assert_outcomes(failed=1, passed=1)


def test_a_leak_fails_without_pytests_warnings_plugin(run_suite):
    run_suite(suite(DROPPED), "-p", "no:warnings", subprocess=True).assert_outcomes(failed=1, passed=1)


RESPECTED = {
    "pytest.warns": "with pytest.warns(ResourceWarning):\n        OPEN",
    "recwarn": "OPEN\n    assert recwarn.pop(ResourceWarning)",
    "unread recwarn": "OPEN",
    "recorded": (
        "with warnings.catch_warnings(record=True) as caught:\n        warnings.simplefilter('always')\n"
        "        OPEN\n    assert len(caught) == 1"
    ),
    "ignored": "with warnings.catch_warnings():\n        warnings.simplefilter('ignore')\n        OPEN",
}


@pytest.mark.parametrize("block", RESPECTED)
def test_a_block_inside_the_test_is_respected(run_suite, block):
    # Some kinds are freed, and so warned about, by a collection only.
    body = RESPECTED[block].replace("OPEN", "OPEN; gc.collect()")
    source = f"def test_it({'recwarn' if 'recwarn' in block else ''}):\n    {body}\n"
    kinds = list(OPENERS)
    if sys.version_info < (3, 13) and block not in ("unread recwarn", "ignored"):
        # This Python does not warn about it, so there is nothing to wait for.
        kinds.remove("sqlite")
    run_suite(files=files_of(source, kinds)).assert_outcomes(passed=len(kinds))


RECORDER = """
def test_leaks():
    with warnings.catch_warnings(record=True) as caught:
        OPEN
    assert len(caught) == 0, "the recorder's own count"
"""


def test_a_recorder_with_pythons_filters_gets_what_it_gets_without_us(run_once):
    result = run_once(files=files_of(RECORDER))
    result.stdout.no_fnmatch_line("*the recorder's own count*")


def test_a_leak_inside_a_recorder_with_pythons_filters_fails(run_once):
    result = run_once(files=files_of(RECORDER))
    result.assert_outcomes(failed=KINDS)
    result.stdout.fnmatch_lines(["hygiene: test_leaks left 1 resource open"] * KINDS)


def test_a_leak_inside_pytest_warns_for_another_category_fails(run_suite):
    source = (
        "def test_leaks():\n    with pytest.warns(DeprecationWarning):\n"
        "        warnings.warn('old', DeprecationWarning)\n        OPEN\n"
    )
    result = run_suite(suite(source))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["hygiene: test_leaks left 1 resource open", "*test_suite.py:6 *in test_leaks *"]
    )


@pytest.mark.parametrize("decision", ERRORS)
def test_a_resource_warning_can_be_raised_and_caught(run_suite, decision):
    block = "with pytest.raises(ResourceWarning):\n        warnings.warn('x', ResourceWarning)"
    run_suite(suite(f"def test_it():\n    {block}\n"), "-W", decision).assert_outcomes(passed=1)
