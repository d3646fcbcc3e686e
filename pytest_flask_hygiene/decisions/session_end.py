"""When the session ends: which of the user's decisions are stale, and what becomes of the baseline.

This happens in the process that prints the summary.

Loaded only in strict mode, and where there is a baseline.
"""

from __future__ import annotations

from typing import Final

import pytest

from ..ledger import Ledger
from ..settings import Settings
from .baseline import Baseline, Key
from .stale import in_words, judge_of, stale_entries, stale_lines, stale_marks
from .what_ran import WhatRan

#: With any other exit status the tests have not all run, and the baseline stays as it is.
_WITH_RESULTS: Final = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)


def judge_decisions(session: pytest.Session, ledger: Ledger, settings: Settings, what_ran: WhatRan) -> None:
    """Enter what is stale in the ledger, and write the baseline if that was asked for."""
    why_partial = what_ran.why_partial(session)
    what_ran.note_used(ledger.verdict.used)
    if settings.strict:
        ledger.stale += stale_marks(what_ran.marks, what_ran.completed)
        all_ran = not why_partial and what_ran.all_completed
        ledger.stale += stale_lines(settings, ledger.verdict.used, all_ran=all_ran)
    baseline = ledger.verdict.baseline
    if baseline is None:
        return
    is_judged = judge_of(what_ran, all_asked_for=not why_partial)
    if not settings.update_baseline:
        removable = baseline.removable(ledger.findings, is_judged)
        if removable:
            ledger.removable = in_words(removable)
            if settings.strict:
                ledger.stale.append(stale_entries(baseline, removable))
    elif session.exitstatus in _WITH_RESULTS and not what_ran.interrupted:
        _write(session, ledger, baseline, baseline.written(ledger.findings, is_judged))
    else:
        ledger.notes.append(f"{baseline.path.name} was not written: {why_partial or 'the run failed'}")


def _write(session: pytest.Session, ledger: Ledger, baseline: Baseline, after: dict[Key, int]) -> None:
    """Write these entries, and note how many that are more or less than before."""
    before = baseline.entries
    try:
        baseline.write(after)
    except OSError as error:
        ledger.notes.append(f"hygiene baseline {baseline.path}: can't be written, and is as it was: {error}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return
    added = sum(after[key] > before.get(key, 0) for key in after)
    removed = sum(after.get(key, 0) < before[key] for key in before)
    count = "1 entry" if len(after) == 1 else f"{len(after)} entries"
    ledger.notes.append(f"{baseline.path.name} was written: {count} ({added} more, {removed} less)")
