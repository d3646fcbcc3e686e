"""The part of the summary about the user's own decisions: the baseline, stale ones, how to begin."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

import pytest

from ..findings import Finding
from .failure import plural

if TYPE_CHECKING:
    from ..ledger import Ledger
    from ..settings import Settings
    from ..stale import Stale

#: A suite with more tests that fail for leaks alone is told how to accept them all.
_MANY_TESTS: Final = 20
_DEFAULT_FILE: Final = "hygiene-baseline.json"


def baseline_lines(ledger: Ledger, accepted: list[Finding]) -> list[str]:
    """``accepted``: what the baseline accepts, each once."""
    baseline = ledger.verdict.baseline
    if baseline is None:
        return list(ledger.notes)
    lines = []
    if accepted and not ledger.notes:
        lines.append(
            f"accepted by {baseline.path.name}: {plural(sum(f.count for f in accepted), 'known leak')}"
        )
    if ledger.removable:
        count = "1 entry" if ledger.removable == 1 else f"{ledger.removable} entries"
        lines.append(f"{baseline.path.name}: {count} can be removed: --hygiene-update-baseline does it")
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
        longrepr="\n".join((stale.title, *stale.lines)),
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
