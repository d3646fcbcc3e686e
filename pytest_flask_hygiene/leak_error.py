"""The exception that is raised where a test asks for its leaks itself, and there are some."""

from __future__ import annotations

from collections.abc import Sequence

from .findings import Finding


class LeakError(AssertionError):
    """What ``hygiene.check()`` and the ``check()`` of a development server's report raise.

    ``findings``: the leaks.  pytest's report shows them, and no traceback (see ``raised_leaks.py``).
    """

    def __init__(self, text: str, findings: Sequence[Finding]) -> None:
        super().__init__(text)
        self.findings = findings
