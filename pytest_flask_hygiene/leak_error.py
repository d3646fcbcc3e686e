"""Raised where a test asks for its leaks itself, and there are some."""

from __future__ import annotations

from collections.abc import Sequence

from .findings import Finding


class LeakError(AssertionError):
    """Its report shows the findings instead of a traceback."""

    def __init__(self, text: str, findings: Sequence[Finding]) -> None:
        super().__init__(text)
        self.findings = findings
