"""Let the findings decide the outcome of a report that would have passed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from .. import own_modules
from ..findings import Finding
from .failure import failure_repr, finding_lines
from .properties import properties


def apply_findings(report: pytest.TestReport, findings: Sequence[Finding], name: str, start: Path) -> bool:
    """Fail a report that passed, and return True; to one that did not, add what was left open as a section.

    ``name``: the test's.  ``start``: the directory that paths are shown relative to.
    """
    failing = [f for f in findings if f.outcome == "failed"]
    if failing and report.passed:
        report.outcome = "failed"
        report.longrepr = failure_repr(failing, name, start)
        if hasattr(report, "wasxfail"):
            # Left there, the failure would count as expected: a leak never satisfies xfail.
            del report.wasxfail
        return True
    listed = failing or [f for f in findings if f.outcome == "noted" and report.failed]
    if listed:
        lines = [line for f in listed for line in finding_lines(f, start)]
        report.sections.append(("hygiene: also left open", "\n".join(lines)))
    return False


def attach_findings(
    report: pytest.TestReport,
    findings: Sequence[Finding],
    of_call: Sequence[Finding],
    config: pytest.Config,
) -> None:
    """For what other plugins make of a report.

    ``findings``: those that this report tells of.  ``of_call``: for a teardown, the call's that belong to the
    same case of JUnit XML, which has what the last report says.
    """
    report.user_properties += properties([*of_call, *findings], config.rootpath)
    if report.failed and config.getoption("htmlpath", None):
        shown = [f for f in findings if f.outcome in ("failed", "noted")]
        if shown:
            with own_modules():
                from .pytest_html import add_extra
            add_extra(report, shown, config.invocation_params.dir)
