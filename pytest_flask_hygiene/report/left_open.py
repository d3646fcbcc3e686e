"""The part of the summary that lists what is still open although its owner has ended."""

from __future__ import annotations

from pathlib import Path

from ..findings import Finding
from ..ledger import distinct
from .failure import clip, plural, relative

_MAX_SITES = 10
#: Of a program's own globals, which are open at its end.
_OF_PROGRAM = ("import", "collection", "unknown")


def left_open_lines(findings: list[Finding], start: Path, *, verbose: bool) -> list[str]:
    """One row for each site, most of them first."""
    listed = distinct([f for f in findings if _is_listed(f)])
    of_program = [f for f in listed if f.owner.scope in _OF_PROGRAM]
    of_tests = [f for f in listed if f.owner.scope not in _OF_PROGRAM]
    lines = []
    if of_tests:
        hint = "listed only; --hygiene-strict fails them"
        lines.append(f"still open after their owners ended: {sum(f.count for f in of_tests)} ({hint})")
        lines += _rows(of_tests, start, len(of_tests) if verbose else _MAX_SITES)
    if of_program and verbose:
        lines.append(f"opened by imports and open at the end: {sum(f.count for f in of_program)}")
        lines += _rows(of_program, start, len(of_program))
    return lines


def _is_listed(finding: Finding) -> bool:
    return (
        finding.state == "left_open"
        and finding.outcome == "noted"
        and not finding.is_leak
        and finding.kind not in ("response", "context")
    )


def _rows(findings: list[Finding], start: Path, most: int) -> list[str]:
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        frame = finding.site.frame
        where = f"{relative(frame.path, start)}:{frame.line}" if frame else finding.owner.describe()
        groups.setdefault((finding.kind, where, finding.holder), []).append(finding)
    rows = sorted(groups.items(), key=lambda group: (-sum(f.count for f in group[1]), group[0]))
    lines = []
    for (kind, where, holder), members in rows[:most]:
        count = sum(f.count for f in members)
        frame = members[0].site.frame
        lines.append(f"{count:>5} x {kind:<10}  {where}  {clip(frame.code if frame else '', 60)}".rstrip())
        first = members[0]
        owner = first.owner.describe()
        user = first.first_use or (owner if first.owner.is_fixture else first.nodeid or owner)
        held = f"held by {holder}; " if holder else ""
        by = "first used by" if first.first_use else "in" if count == 1 else "first in"
        lines.append(f"{'':>7} {'':<10}  {held}{by} {user}")
    if len(rows) > most:
        lines.append(f"  ... and {plural(len(rows) - most, 'more site')} (-v lists them)")
    return lines
