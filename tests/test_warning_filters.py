"""What the user decided with warning filters and recorders is respected; all else changes nothing."""

from __future__ import annotations

import sys

import pytest
from test_resource_warnings import CYCLE, DROPPED, OPENERS, every_kind, suite

pytest_plugins = ["outer_run"]
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
decided = pytest.mark.parametrize(
    ("decision", "kind"), [(text, kind) for text, kinds in DECISIONS.items() for kind in kinds]
)


@pytest.mark.parametrize("decision", [*ERRORS, *NO_DECISIONS])
@every_kind
def test_other_filters_change_nothing(run_suite, decision, kind):
    result = run_suite(suite(DROPPED, kind), "-W", decision)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["hygiene: test_leaks left 1 resource open"])


@pytest.mark.parametrize("decision", ERRORS)
@pytest.mark.parametrize("source", [DROPPED, CYCLE], ids=["dropped", "cycle"])
@every_kind
def test_an_error_filter_adds_no_failure_of_pytests_own(run_suite, decision, source, kind):
    result = run_suite(suite(source, kind), "-W", decision)
    result.assert_outcomes(failed=1, passed=1, warnings=0)
    result.stdout.no_fnmatch_line("*PytestUnraisableExceptionWarning*")


@decided
def test_a_filter_on_the_command_line_is_respected(run_suite, decision, kind):
    run_suite(suite(DROPPED, kind), "-W", decision).assert_outcomes(passed=2)


@decided
def test_a_filter_in_the_ini_file_is_respected(run_suite, decision, kind):
    ini = {"pytest.ini": f"[pytest]\nfilterwarnings =\n    {decision}\n"}
    run_suite(suite(DROPPED, kind), files=ini).assert_outcomes(passed=2)


@decided
def test_a_filter_mark_is_respected(run_suite, decision, kind):
    source = f"@pytest.mark.filterwarnings({decision!r})" + DROPPED
    run_suite(suite(source, kind)).assert_outcomes(passed=2)


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


def block_test(block: str, kind: str) -> str:
    # Some kinds are freed, and so warned about, by a collection only.
    body = RESPECTED[block].replace("OPEN", "OPEN; gc.collect()")
    return suite(f"def test_it({'recwarn' if 'recwarn' in block else ''}):\n    {body}\n", kind)


@pytest.mark.parametrize("block", RESPECTED)
@every_kind
def test_a_block_inside_the_test_is_respected(run_suite, block, kind):
    if kind == "sqlite" and sys.version_info < (3, 13) and block not in ("unread recwarn", "ignored"):
        pytest.skip("this Python does not warn, so there is nothing to wait for")
    run_suite(block_test(block, kind)).assert_outcomes(passed=1)


RECORDER = """
def test_leaks():
    with warnings.catch_warnings(record=True) as caught:
        OPEN
    assert len(caught) == 0, "the recorder's own count"
"""


@every_kind
def test_a_recorder_with_pythons_filters_gets_what_it_gets_without_us(run_suite, kind):
    result = run_suite(suite(RECORDER, kind))
    result.stdout.no_fnmatch_line("*the recorder's own count*")


@every_kind
def test_a_leak_inside_a_recorder_with_pythons_filters_fails(run_suite, kind):
    result = run_suite(suite(RECORDER, kind))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_leaks left 1 resource open"])


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
