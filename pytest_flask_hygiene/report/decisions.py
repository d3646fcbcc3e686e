"""The part of the summary about the user's own decisions: the baseline, stale ones, how to begin."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

import pytest

from ..findings import ALLOWED_BY, Finding
from ..ledger import distinct
from ..usage import MESSAGES
from . import NO_LEAKS
from .failure import plural

if TYPE_CHECKING:
    from ..ledger import Ledger
    from ..settings import Settings
    from ..stale import Stale

#: A suite with more tests that fail for leaks alone is told how to accept them all.
_MANY_TESTS: Final = 20
NO_NEW_LEAKS: Final = "hygiene: no new leaks"
_DEFAULT_FILE: Final = "hygiene-baseline.json"


def count_of(findings: list[Finding], noun: str) -> str:
    """``2 leaks (found 5 times)``: what one test or fixture opens at one line is one leak."""
    return f"{plural(len(findings), noun)}{in_brackets(times_found(findings))}"


def times_found(findings: list[Finding]) -> str:
    """How many resources they are, where that is another number."""
    times = sum(finding.count for finding in findings)
    return f"found {times} times" if times > len(findings) else ""


def in_brackets(*notes: str) -> str:
    text = "; ".join(note for note in notes if note)
    return f" ({text})" if text else ""


def no_failing_leaks(ledger: Ledger) -> str:
    """The summary's first line where no leak fails."""
    accepted = [f for f in distinct(ledger.findings) if f.allowed_by == ALLOWED_BY]
    baseline = ledger.verdict.baseline
    if not accepted or baseline is None:
        return NO_LEAKS
    return f"hygiene: {count_of(accepted, 'leak')} accepted" if baseline.update else NO_NEW_LEAKS


def baseline_lines(ledger: Ledger, accepted: list[Finding]) -> list[str]:
    """``accepted``: what the baseline accepts, each once."""
    baseline = ledger.verdict.baseline
    if baseline is None:
        return list(ledger.notes)
    lines = []
    if accepted and not ledger.notes:
        lines.append(f"accepted by {baseline.path.name}: {count_of(accepted, 'known leak')}")
    if ledger.removable:
        lines.append(f"{baseline.path.name}: {ledger.removable}: --hygiene-update-baseline does it")
    return lines + ledger.notes


def stale_lines(ledger: Ledger) -> list[str]:
    return [line for stale in ledger.stale for line in (stale.title, *(f"  {text}" for text in stale.lines))]


def stale_report(stale: Stale) -> pytest.TestReport:
    """The ``ERROR hygiene: ...`` line."""
    return pytest.TestReport(
        nodeid=f"hygiene: {stale.title}",
        location=("", None, "hygiene"),
        keywords={},
        outcome="failed",
        longrepr="\n".join((stale.title, *stale.lines, f"see: {MESSAGES}")),
        when="teardown",
    )


def first_run_lines(ledger: Ledger, settings: Settings, config: pytest.Config) -> list[str]:
    """The exact command that accepts all leaks, for a suite that has many."""
    failing = {f.nodeid for f in ledger.leaks if f.outcome == "failed" and f.when != "session"}
    if len(failing) <= _MANY_TESTS:
        return []
    arguments = list(config.invocation_params.args)
    if settings.baseline is None:
        arguments.append(f"--hygiene-baseline={_DEFAULT_FILE}")
    arguments.append("--hygiene-update-baseline")
    return [
        "to accept these leaks for now, and fail only for new ones:",
        f"  pytest {shlex.join(map(str, arguments))}",
    ]
