"""What the tests read from a suite they run, and from what pytest says of it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest


def marked(text: str, mark: str = "leak") -> int:
    """The number of the line that ends with ``# leak``."""
    (number,) = [n for n, row in enumerate(dedent(text).splitlines(), 1) if row.endswith(f"# {mark}")]
    return number


def failed(result: pytest.RunResult) -> list[str]:
    """The short summary's ``FAILED`` and ``ERROR`` lines."""
    return [line for line in result.outlines if line.startswith(("FAILED ", "ERROR "))]


def failures(result: pytest.RunResult) -> list[tuple[str, str, str]]:
    """Test, phase and text of each report that failed, of a run inside this process."""
    return [
        (report.nodeid.rpartition("::")[2], report.when, str(report.longrepr))
        for report in result.reprec.getreports("pytest_runtest_logreport")
        if report.failed and "::" in report.nodeid
    ]


def charged(result: pytest.RunResult) -> list[tuple[str, str]]:
    """Test and phase of each report that failed, of a run inside this process."""
    return [(test, phase) for test, phase, _ in failures(result)]


def assert_silent(result: pytest.RunResult, passed: int) -> None:
    """So many tests passed, and nothing was found or is said to be open."""
    result.assert_outcomes(passed=passed)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])
    result.stdout.no_fnmatch_line("still open after*")
    result.stdout.no_fnmatch_line("a fault of *")


def charged_at_marks(result: pytest.RunResult) -> list[tuple[str, str]]:
    """Test and phase of each report that fails for a leak, whose crash line must say ``# leak``."""
    found = []
    for report in result.reprec.getreports("pytest_runtest_logreport"):
        crash = getattr(report.longrepr, "reprcrash", None)
        if report.failed and crash is not None and crash.message.startswith("hygiene: "):
            line = Path(crash.path).read_text("utf-8").splitlines()[crash.lineno - 1]
            assert line.endswith("# leak"), line
            found.append((report.nodeid.rpartition("::")[2], report.when))
    return found


def without_fault(result: pytest.RunResult) -> bool:
    return "fault of pytest-flask-hygiene" not in result.stdout.str()
