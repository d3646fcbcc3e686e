"""The part of the summary about the user's own decisions: what they accept, which are stale, how to begin."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

import pytest

from ..findings import ALLOWED_BY
from ..ledger import distinct
from ..usage import MESSAGES
from . import NO_LEAKS
from .counts import accepted_by_baseline, count_of
from .failure import culprit

if TYPE_CHECKING:
    from pathlib import Path

    from ..decisions.stale import Stale
    from ..ledger import Ledger
    from ..settings import Settings
    from .text import ShowNodeId

#: A suite with more tests that fail for leaks alone is told how to accept them all.
_MANY_TESTS: Final = 20
NO_NEW_LEAKS: Final = "hygiene: no new leaks"
_DEFAULT_FILE: Final = "hygiene-baseline.json"


def no_failing_leaks(ledger: Ledger) -> str:
    """The summary's first line where no leak fails."""
    accepted = accepted_by_baseline(ledger)
    baseline = ledger.verdict.baseline
    if not accepted or baseline is None:
        return NO_LEAKS
    return f"hygiene: {count_of(accepted, 'leak')} accepted" if baseline.update else NO_NEW_LEAKS


def baseline_lines(ledger: Ledger) -> list[str]:
    """What the baseline accepts, and what became of its file."""
    baseline = ledger.verdict.baseline
    if baseline is None:
        return list(ledger.notes)
    lines = []
    accepted = accepted_by_baseline(ledger)
    if accepted and not ledger.notes:
        lines.append(f"accepted by {baseline.path.name}: {count_of(accepted, 'known leak')}")
    if ledger.removable:
        lines.append(f"{baseline.path.name}: {ledger.removable}: --hygiene-update-baseline does it")
    return lines + ledger.notes


def allowed_lines(ledger: Ledger, start: Path, show: ShowNodeId, *, verbose: bool) -> list[str]:
    """What marks, lines of ``hygiene_allow`` and ``hygiene.allow()`` cover.  ``verbose``: and why."""
    allowed = [f for f in distinct(ledger.findings) if f.outcome == "allowed" and f.allowed_by != ALLOWED_BY]
    lines = [f"allowed: {count_of(allowed, 'leak')}"] if allowed else []
    if verbose:
        for finding in allowed:
            where = show(finding.nodeid) if finding.nodeid else culprit(finding, start)
            lines.append(f"  {finding.kind} in {where}: {finding.allowed_by}")
    return lines


def stale_lines(ledger: Ledger) -> list[str]:
    """In strict mode: the decisions that cover nothing any more, or give no reason."""
    return [line for stale in ledger.stale for line in (stale.title, *(f"  {text}" for text in stale.lines))]


def stale_report(stale: Stale) -> pytest.TestReport:
    """What pytest prints as a line ``ERROR hygiene: ...`` in its short test summary."""
    return pytest.TestReport(
        nodeid=f"hygiene: {stale.title}",
        location=("", None, "hygiene"),
        keywords={},
        outcome="failed",
        longrepr="\n".join((stale.title, *stale.lines, f"see: {MESSAGES}")),
        when="teardown",
    )


def first_run_lines(ledger: Ledger, settings: Settings, config: pytest.Config) -> list[str]:
    """For a suite in which many tests leak: the command of this run, with what accepts all of its leaks."""
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
