"""pytest-html: the findings of a failing test, as an extra of its row.

The row's log, which that plugin shows by itself, has the same as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import pytest

from .. import own_modules
from ..advice import what_happened
from ..findings import Finding
from .failure import culprit
from .text import place, printable


def add_extra(report: pytest.TestReport, findings: Sequence[Finding], start: Path) -> None:
    """``start``: the directory that paths are shown relative to."""
    text = printable("".join(_of_one(finding, start) for finding in findings))
    # What pytest_html.extras.html() makes.  Plain data: pytest-xdist sends it.
    extra = {"name": None, "format_type": "html", "content": text, "mime_type": None, "extension": None}
    report.extras = [*getattr(report, "extras", ()), extra]  # type: ignore[attr-defined]


def _of_one(finding: Finding, start: Path) -> str:
    owner = finding.owner
    count = f" ({finding.count} times)" if finding.count > 1 else ""
    happened = finding.message if finding.kind == "cycle" else what_happened(finding)
    lines = [f"<b>{finding.kind}</b> {escape(happened + count)}"]
    if finding.message and finding.kind != "cycle":
        lines.append(f"<code>{escape(finding.message)}</code>")
    if not owner.is_test:
        lines.append(f"by {escape(culprit(finding, start))}")
    if finding.holder:
        lines.append(f"held by {escape(finding.holder)}")
    rows = "".join(
        f"<tr><td>{escape(place(f.path, f.line, start))}</td><td>{escape(f.function)}</td>"
        f"<td><code>{escape(f.code)}</code></td></tr>"
        for f in finding.site.frames
    )
    table = f"<table>{rows}</table>" if rows else ""
    head = "<br>".join(lines)
    fix = f"<p>fix: {escape(finding.advice)}</p>"
    return f'<div class="hygiene"><p>{head}</p>{table}{fix}{_picture(finding, start)}</div>'


def _picture(finding: Finding, start: Path) -> str:
    chain = finding.chain
    if chain is None or not chain.nodes:
        return ""
    with own_modules():
        from .chain_svg import chain_svg
    title = "picture of the cycle" if chain.is_loop else "picture of what holds it"
    # A report is made here after each failing test: too often to start Graphviz.
    svg = chain_svg(chain, start, dot=False)
    return f"<details><summary>{title}</summary>{svg}</details>"
