"""Findings as pytest's ``user_properties``, which JUnit XML and other reports have: names and values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..findings import Finding
from .failure import culprit
from .text import place, printable


def properties(findings: Iterable[Finding], root: Path) -> list[tuple[str, object]]:
    """Three for each finding that fails or is noted, in this order; a test may have several findings.

    Plain text, for pytest-xdist sends them.
    """
    found: list[tuple[str, object]] = []
    for finding in findings:
        if finding.outcome in ("failed", "noted"):
            found += [
                ("hygiene.kind", finding.kind),
                ("hygiene.site", printable(_site(finding, root))),
                ("hygiene.owner", printable(culprit(finding, root))),
            ]
    return found


def _site(finding: Finding, root: Path) -> str:
    frame = finding.site.frame
    return place(frame.path, frame.line, root) if frame is not None else ""
