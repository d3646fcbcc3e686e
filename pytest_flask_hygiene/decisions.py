"""The session's end, for the user's decisions: which are stale, and what the baseline becomes.

In the process that prints the summary; loaded in strict mode, and where there is a baseline.
"""

from __future__ import annotations

from typing import Final

import pytest

from .baseline import Baseline, Key
from .ledger import Ledger
from .settings import Settings
from .stale import in_words, judge_of, stale_entries, stale_lines, stale_marks
from .what_ran import WhatRan

_WITH_RESULTS: Final = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)


def judge_decisions(session: pytest.Session, ledger: Ledger, settings: Settings, what_ran: WhatRan) -> None:
    baseline = ledger.verdict.baseline
    why_partial = what_ran.why_partial(session)
    what_ran.note_used(ledger.verdict.used)
    if settings.strict:
        ledger.stale += stale_marks(what_ran.marks, what_ran.completed)
        all_ran = not why_partial and what_ran.all_completed
        ledger.stale += stale_lines(settings, ledger.verdict.used, all_ran=all_ran)
    if baseline is None:
        return
    is_judged = judge_of(what_ran, all_asked_for=not why_partial)
    if settings.update_baseline:
        if session.exitstatus in _WITH_RESULTS and not what_ran.interrupted:
            entries = baseline.written(ledger.findings, is_judged)
            _update(session, ledger, baseline, entries)
        else:
            ledger.notes.append(f"{baseline.path.name} was not written: {why_partial or 'the run failed'}")
        return
    stale = stale_entries(baseline, ledger.findings, is_judged)
    if stale is not None:
        ledger.removable = in_words(baseline.removable(ledger.findings, is_judged))
        if settings.strict:
            ledger.stale.append(stale)


def _update(session: pytest.Session, ledger: Ledger, baseline: Baseline, entries: dict[Key, int]) -> None:
    before, after = baseline.entries, entries
    try:
        baseline.write(entries)
    except OSError as error:
        ledger.notes.append(f"hygiene baseline {baseline.path}: can't be written, and is as it was: {error}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return
    added = sum(after[key] > before.get(key, 0) for key in after)
    removed = sum(after.get(key, 0) < before[key] for key in before)
    count = "1 entry" if len(after) == 1 else f"{len(after)} entries"
    ledger.notes.append(f"{baseline.path.name} was written: {count} ({added} more, {removed} less)")
