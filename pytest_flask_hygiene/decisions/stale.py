"""What strict mode fails of the user's decisions: those that matched nothing, and those without a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..settings import Settings
    from .baseline import Baseline, Key
    from .what_ran import MarkUse, WhatRan

#: So many entries of the baseline are listed.
_MAX_ENTRIES: Final = 20
# The owners of entries, as baseline.py writes them.
_SERVER: Final = "the development server in "
_FIXTURE: Final = re.compile(r"\w+ fixture '(.+)' of ")


class Stale:
    """One stale decision, in words."""

    def __init__(self, title: str, lines: Iterable[str] = ()) -> None:
        self.title = title
        """For the short test summary as well."""
        self.lines = list(lines)
        """More of it, which the summary shows below the title."""


def judge_of(what_ran: WhatRan, *, all_asked_for: bool) -> Callable[[Key], bool]:
    """Return a function: whether this run would have found all that there is of a baseline entry's leak.

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
        # A test that is gone; or else an import, an exception cycle, what a global or a pool holds.
        return "::" in key.owner or what_ran.all_completed

    return is_judged


def stale_marks(marks: Iterable[MarkUse], completed: set[str]) -> list[Stale]:
    """``completed``: the tests that have run; a mark is judged if all that carry it have."""
    found = []
    for mark in marks:
        if not mark.has_reason:
            found.append(Stale(f'{mark.text} has no reason: add reason="..."'))
        if not mark.used and mark.nodeids <= completed:
            found.append(Stale(f"{mark.text} matched nothing: remove it"))
    return found


def stale_lines(settings: Settings, used: set[object], *, all_ran: bool) -> list[Stale]:
    """Of ``hygiene_allow``; ``used``: the lines that have covered something."""
    found = []
    for line in settings.allow:
        if not line.reason:
            found.append(Stale(f'hygiene_allow: "{line.key}" has no reason: add one after "  # "'))
        if all_ran and line.key not in used:
            found.append(Stale(f'hygiene_allow: "{line.key}" matched nothing: remove it'))
    return found


def stale_entries(baseline: Baseline, removable: dict[Key, int]) -> Stale:
    """All stale entries of the baseline together, for one command removes them.

    ``removable``: how many were found of each.
    """
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
