"""Decisions of the user's that are good for nothing any more, or give no reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from .baseline import Key
from .findings import Finding

if TYPE_CHECKING:
    from .baseline import Baseline
    from .settings import Settings
    from .what_ran import MarkUse, WhatRan

_MAX_ENTRIES: Final = 20
_SERVER: Final = "the development server in "
_FIXTURE: Final = re.compile(r"\w+ fixture '(.+)' of ")


class Stale:
    """One that strict mode fails: what the summary and the short summary say of it."""

    def __init__(self, title: str, lines: Iterable[str] = ()) -> None:
        self.title = title
        self.lines = list(lines)


def judge_of(what_ran: WhatRan, *, all_asked_for: bool) -> Callable[[Key], bool]:
    """Whether all that there is of an entry's leak would have been found in this run.

    ``all_asked_for``: all tests of the suite have been collected, and none was left out.
    """

    def is_judged(key: Key) -> bool:
        if key.file.startswith("../"):
            # Another run, started elsewhere, may know more of it.
            return False
        nodeid = key.owner.rpartition(" in ")[2] if key.owner.startswith(_SERVER) else key.owner
        if nodeid in what_ran.collected:
            return nodeid in what_ran.completed
        if not all_asked_for:
            return False
        fixture = _FIXTURE.match(key.owner)
        if fixture is not None:
            return what_ran.completed_with(fixture[1])
        # A test that is gone; an import, a cycle, what is held.
        return "::" in key.owner or what_ran.all_completed

    return is_judged


def stale_marks(marks: Iterable[MarkUse], completed: set[str]) -> list[Stale]:
    found = []
    for mark in marks:
        if not mark.has_reason:
            found.append(Stale(f'{mark.text} has no reason: add reason="..."'))
        if not mark.used and mark.nodeids <= completed:
            found.append(Stale(f"{mark.text} matched nothing: remove it"))
    return found


def stale_lines(settings: Settings, used: set[object], *, all_ran: bool) -> list[Stale]:
    found = []
    for line in settings.allow:
        if not line.reason:
            found.append(Stale(f'hygiene_allow: "{line.key}" has no reason: add one after "  # "'))
        if all_ran and line.key not in used:
            found.append(Stale(f'hygiene_allow: "{line.key}" matched nothing: remove it'))
    return found


def stale_entries(
    baseline: Baseline, findings: Iterable[Finding], is_judged: Callable[[Key], bool]
) -> Stale | None:
    """All of them together: one command removes them."""
    removable = baseline.removable(findings, is_judged)
    if not removable:
        return None
    lines = [
        key.describe() + (f" (still {found} of {baseline.entries[key]})" if found else "")
        for key, found in sorted(removable.items())
    ]
    if len(lines) > _MAX_ENTRIES:
        lines[_MAX_ENTRIES:] = [f"... and {len(lines) - _MAX_ENTRIES} more"]
    return Stale(f"{baseline.path.name}: {in_words(removable)}: --hygiene-update-baseline", lines)


def in_words(removable: dict[Key, int]) -> str:
    """``2 entries can be removed, 1 lowered``; ``removable`` has how many were found of each."""
    lowered = sum(found > 0 for found in removable.values())
    removed = len(removable) - lowered
    first, what = (removed, "removed") if removed else (lowered, "lowered")
    text = f"{first} {'entry' if first == 1 else 'entries'} can be {what}"
    return f"{text}, {lowered} lowered" if removed and lowered else text
