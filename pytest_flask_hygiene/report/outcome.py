"""Let the findings decide the outcome of a report that would have passed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ..findings import Finding
from .failure import failure_repr, finding_lines


def apply_findings(report: pytest.TestReport, findings: Sequence[Finding], name: str, start: Path) -> None:
    """``start``: the directory that paths are shown relative to."""
    failing = [f for f in findings if f.outcome == "failed"]
    if failing and report.passed:
        report.outcome = "failed"
        report.longrepr = failure_repr(failing, name, start)
        if hasattr(report, "wasxfail"):
            # Left there, the failure would count as expected: a leak never satisfies xfail.
            del report.wasxfail
        return
    listed = failing or [f for f in findings if f.outcome == "noted" and report.failed]
    if listed:
        lines = [line for f in listed for line in finding_lines(f, start)]
        report.sections.append(("hygiene: also left open", "\n".join(lines)))
