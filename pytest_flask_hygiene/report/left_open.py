"""The part of the summary that lists what is still open although its owner has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..findings import Finding
from ..ledger import distinct
from .failure import opened_at
from .text import ShowNodeId, clip, plural

_MAX_SITES: Final = 10
_MAX_CODE: Final = 60
#: Owners of a program's own globals, which are open at its end.
_OF_PROGRAM: Final = ("import", "collection", "unknown")


def left_open_lines(findings: list[Finding], start: Path, show: ShowNodeId, *, verbose: bool) -> list[str]:
    """One row for each site, most of them first."""
    listed = distinct([f for f in findings if _is_listed(f)])
    of_program = [f for f in listed if f.owner.scope in _OF_PROGRAM]
    of_tests = [f for f in listed if f.owner.scope not in _OF_PROGRAM]
    lines = []
    if of_tests:
        hint = "listed only; --hygiene-strict fails them"
        lines.append(f"still open after their owners ended: {sum(f.count for f in of_tests)} ({hint})")
        lines += _rows(of_tests, start, show, len(of_tests) if verbose else _MAX_SITES)
    if of_program and verbose:
        lines.append(f"opened by imports and open at the end: {sum(f.count for f in of_program)}")
        lines += _rows(of_program, start, show, len(of_program))
    return lines


def _is_listed(finding: Finding) -> bool:
    return (
        finding.state == "left_open"
        and finding.outcome == "noted"
        and not finding.is_leak
        and finding.kind not in ("response", "context")
    )


def _rows(findings: list[Finding], start: Path, show: ShowNodeId, most: int) -> list[str]:
    sites: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        sites.setdefault((finding.kind, opened_at(finding, start), finding.holder), []).append(finding)
    counts = {site: sum(f.count for f in found) for site, found in sites.items()}
    lines = []
    for site in sorted(sites, key=lambda site: (-counts[site], site))[:most]:
        kind, where, _ = site
        first, count = sites[site][0], counts[site]
        code = first.site.frame.code if first.site.frame else ""
        lines.append(f"{count:>5} x {kind:<10}  {where}  {clip(code, _MAX_CODE)}".rstrip())
        lines.append(f"{'':>7} {'':<10}  {_holder_and_user(first, count, show)}")
    if len(sites) > most:
        lines.append(f"  ... and {plural(len(sites) - most, 'more site')} (-v lists them)")
    return lines


def _holder_and_user(finding: Finding, count: int, show: ShowNodeId) -> str:
    """``held by shop.db.connections; in tests/test_stock.py::test_it``."""
    held = f"held by {finding.holder}; " if finding.holder else ""
    if finding.first_use:
        # A test's node id, or the description of another owner.
        user = show(finding.first_use) if "::" in finding.first_use else finding.first_use
        return f"{held}first used by {user}"
    owner = finding.owner.describe()
    user = owner if finding.owner.is_fixture or not finding.nodeid else show(finding.nodeid)
    return f"{held}{'in' if count == 1 else 'first in'} {user}"
