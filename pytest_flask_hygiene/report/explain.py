"""The section "hygiene: explain NODEID" at the end of the run."""

from __future__ import annotations

import os
from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..findings import Frame, Owner
from . import print_fault
from .failure import frame_lines
from .text import place, plural, printable, relative

if TYPE_CHECKING:
    import pytest

    from ..explain.target import Explanations
    from ..explain.words import Data

#: What a resource counts as, in the order in which they are told.  The last stands for all other words.
_ORDER: Final = ("failed", "noted", "allowed", "library", "not charged")
_PAGE: Final = "docs/explain.md in pytest-flask-hygiene"
_MAX_ROWS: Final = 50
#: How many node ids that resemble the one asked for are named.
_MAX_CLOSE: Final = 5
#: How many parameter sets of one test are explained.
_MAX_TESTS: Final = 5


def print_explanations(reporter: pytest.TerminalReporter, explanations: Explanations, start: Path) -> None:
    """Never raises.  ``start``: the directory that paths are shown relative to."""
    try:
        _print(reporter, explanations, start)
    except Exception as error:
        print_fault(reporter, error)


def _print(reporter: pytest.TerminalReporter, explanations: Explanations, start: Path) -> None:
    tests = explanations.tests
    order = {nodeid: number for number, nodeid in enumerate(explanations.collected)}
    wanted = sorted(tests, key=lambda nodeid: order.get(nodeid, len(order)))
    wanted = [n for n in wanted if n not in explanations.skipped or not _is_empty(tests[n])]
    for nodeid in wanted[:_MAX_TESTS]:
        reporter.section(printable(f"hygiene: explain {nodeid}"), sep="=", blue=True)
        for line in _lines(tests[nodeid], start):
            reporter.write_line(printable(line))
    lines = []
    if not wanted:
        reporter.section(printable(f"hygiene: explain {explanations.asked}"), sep="=", blue=True)
        lines += _why_not(explanations)
    more = len(wanted[_MAX_TESTS:]) + len(explanations.too_many)
    if more:
        lines.append(f"{plural(more, 'more test')} of {explanations.asked} ran: name one with its parameters")
    for line in (*lines, f"see: {_PAGE}"):
        reporter.write_line(printable(line))


def _why_not(explanations: Explanations) -> list[str]:
    asked, asks_for = explanations.asked, explanations.asks_for
    collected = [nodeid for nodeid in explanations.collected if asks_for(nodeid)]
    if any(map(asks_for, explanations.deselected)):
        return ["it did not run: it was deselected"]
    if explanations.skipped:
        reasons = sorted(set(filter(None, explanations.skipped.values())))
        return [f"it did not run: it was skipped{': ' if reasons else ''}{'; '.join(reasons)}"]
    if explanations.ran:
        return ["what it opened is not known: its process has crashed"]
    if collected:
        return ["it was collected, and did not run"]
    inside = [nodeid for nodeid in explanations.collected if explanations.is_inside(nodeid)]
    if inside:
        return [f"it is no test; tests in it: {_some(inside)}"]
    known = explanations.collected
    if "[" not in asked:
        known = [nodeid.partition("[")[0] for nodeid in known]
    close = get_close_matches(asked, dict.fromkeys(known), _MAX_CLOSE, cutoff=0.8)
    return [f"no such test was collected{f'; close to it: {_some(close)}' if close else ''}"]


def _some(nodeids: list[str]) -> str:
    more = len(nodeids) - _MAX_CLOSE
    return ", ".join(nodeids[:_MAX_CLOSE]) + (f" and {more} more" if more > 0 else "")


def _is_empty(data: Data) -> bool:
    return not (data["rows"] or data["libraries"] or data["library_cycles"] or data["left_out"])


def _lines(data: Data, start: Path) -> list[str]:
    # What is charged first.
    rows = sorted(data["rows"], key=lambda row: _ORDER.index(_word(row)))
    lines = []
    if rows:
        words: Counter[str] = Counter()
        for row in rows:
            words[_word(row)] += row["count"]
        counts = ", ".join(f"{words[word]} {word}" for word in _ORDER if words[word])
        lines += [f"{plural(sum(words.values()), 'resource')}: {counts}", ""]
    else:
        lines.append(
            "your code opened nothing in it or in its function fixtures, and nothing is charged to it"
        )
    for row in rows[:_MAX_ROWS]:
        lines += [*_row(row, start), ""]
    if len(rows) > _MAX_ROWS:
        lines.append(f"... and {plural(len(rows) - _MAX_ROWS, 'more site')}")
    if data["left_out"]:
        lines.append(f"... and {plural(data['left_out'], 'more resource')}, which were not noted")
    for name, kinds in data["libraries"].items():
        counts = ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items()))
        lines.append(f"opened by {name}, and charged to nobody: {counts}")
    for edge, count in data["library_cycles"].items():
        lines.append(f"exception cycles that only libraries close, counted: {count} through {edge}")
    return lines


def _word(row: Data) -> str:
    word = row["counts"].partition(":")[0]
    return word if word in _ORDER else _ORDER[-1]


def _row(row: Data, start: Path) -> list[str]:
    names = row["names"]
    title = [row["kind"]]
    if names:
        title.append(names[0].replace(f"{start}{os.sep}", "") + (" and others" if len(names) > 1 else ""))
    if row["count"] > 1:
        title.append(f"({row['count']} times)")
    lines = ["  ".join(title)]
    lines += frame_lines([Frame(*frame) for frame in row["site"]], start)
    lines.append(f"    owner:     {_owner(row['owner'], start)}")
    lines.append(f"    ended:     {row['ended']}")
    if row["holder"]:
        lines.append(f"    held by:   {row['holder']}")
    lines.append(f"    counts as: {row['counts']}")
    return lines


def _owner(data: Data, start: Path) -> str:
    """Its name, with what it is and where it begins."""
    scope, path = data["scope"], data["path"]
    if scope == "import":
        return f"the import of {relative(path, start) if path else ''}"
    name = Owner(scope, data["name"]).describe()
    if scope == "held":
        name = f"{name}, which holds it"
    elif scope == "test":
        name = f"test {name}"
    return f"{name}, {place(path, data['line'], start)}" if path else name
