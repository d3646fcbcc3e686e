"""Reports of tests that fail with an exception of their own, where ``LeakError`` is looked for inside it."""

from __future__ import annotations

import pytest

HEAD = """
import sys

def test_with_the_fixture(hygiene):
    pass
"""

EXCEPTIONS = {
    "refers to itself by exc_info": """
try:
    raise ValueError("no stock")
except ValueError as error:
    error.exc_info = sys.exc_info()
    raise
""",
    "refers to itself by exceptions": """
error = ValueError("no stock")
error.exceptions = (error,)
raise error
""",
    "raises when it is asked": """
class Hostile(ValueError):
    @property
    def exceptions(self):
        raise RuntimeError("exceptions")

    exc_info = exceptions

raise Hostile("no stock")
""",
}


@pytest.mark.parametrize("what", EXCEPTIONS)
def test_exception_that(run_suite, what):
    body = EXCEPTIONS[what].replace("\n", "\n    ")
    result = run_suite(f"{HEAD}\ndef test_it():{body}\n")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_it - *no stock"])


def test_leak_of_a_doctest_that_goes_on_after_a_failure_is_counted(run_suite):
    text = """
    >>> hygiene = getfixture("hygiene")
    >>> _ = open("left.txt", "w") and None
    >>> hygiene.check()
    >>> 1
    2
    """
    result = run_suite("", "usage.txt", "--doctest-continue-on-failure", files={"usage.txt": text})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])
