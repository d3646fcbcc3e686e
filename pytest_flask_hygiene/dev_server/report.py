"""What a test learns of a process of the server that has ended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

from ..findings import Finding
from ..leak_error import LeakError
from ..report.failure import finding_lines
from ..report.text import clip, place, plural
from .errors import DevServerError

if TYPE_CHECKING:
    from .judge import Judge

When = Literal["reload", "stop"]

_MAX_CODE: Final = 60


class FailedHook(Finding):
    """An ``atexit`` hook that raised an error, where it was registered.  It is of kind ``other``."""


class Report:
    """What a process of the development server left behind when it ended.

    ``findings`` would fail ``check()``; ``noted`` are worth knowing, and fail with ``--hygiene-strict``;
    ``allowed`` are covered by an ``allow_leak`` mark, a line of ``hygiene_allow`` or the baseline.
    ``in_parent`` is what the reloader's parent process, which imports the application as well, holds for
    nothing.  ``seconds`` is the time from the change of a file until the new process served (``stop()``:
    until the last process ended).  ``warnings`` are the texts of the ResourceWarnings that the process
    emitted, whatever its filters say.  ``notes`` say what is not known.
    """

    def __init__(self, judge: Judge, when: When, seconds: float, *, is_known: bool) -> None:
        self._judge = judge
        self._when = when
        self._is_known = is_known
        self._checked = False
        self.seconds = seconds
        self.findings: list[Finding] = []
        self.noted: list[Finding] = []
        self.allowed: list[Finding] = []
        self.in_parent: list[Finding] = []
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def take(self, found: list[Finding]) -> None:
        """Findings whose outcomes have been decided."""
        self.findings = [f for f in found if f.outcome == "failed"]
        self.noted = [f for f in found if f.outcome == "noted"]
        self.allowed = [f for f in found if f.outcome == "allowed"]

    def check(self) -> None:
        """Fail the test if there are findings; with ``--hygiene=warn``, list them.

        Raises :class:`~pytest_flask_hygiene.leak_error.LeakError`; or, where nothing is known,
        :class:`~pytest_flask_hygiene.dev_server.errors.DevServerError`.
        """
        __tracebackhide__ = True
        checked, self._checked = self._checked, True
        if self.allowed and not checked:
            self._judge.on_accepted(self.allowed)
        if self.findings and self._judge.mode == "warn":
            if not checked:
                for finding in self.findings:
                    finding.outcome = "noted"
                self._judge.on_accepted(self.findings)
        elif self.findings:
            raise LeakError(str(self), self.findings)
        elif not self._is_known and self._judge.mode == "fail":
            raise DevServerError(str(self))

    @property
    def title(self) -> str:
        """In one line, how many resources were left behind, and how many hooks failed."""
        if not self._is_known and not self.findings:
            return f"nothing is known of what {self._judge.app} left behind at the {self._when}"
        hooks = sum(f.count for f in self.findings if isinstance(f, FailedHook))
        resources = sum(f.count for f in self.findings) - hooks
        left = plural(resources, "resource") if resources else "nothing"
        failed = f", {plural(hooks, 'atexit hook')} failed" if hooks else ""
        return f"{self._judge.app} left {left} behind at the {self._when}{failed}"

    def __str__(self) -> str:
        lines = [f"hygiene: {self.title}"]
        for finding in self.findings:
            lines += ["", *finding_lines(finding, self._judge.start)]
        if self.noted:
            lines += ["", "worth knowing; --hygiene-strict fails it:"]
            for finding in self.noted:
                lines += ["", *finding_lines(finding, self._judge.start)]
        lines += self._lines_of_parent()
        if self.notes:
            lines += ["", *(f"note: {note}" for note in self.notes)]
        return "\n".join(lines)

    def _lines_of_parent(self) -> list[str]:
        if not self.in_parent:
            return []
        lines = ["", "held by the reloader's parent process as well, for nothing:"]
        for finding in self.in_parent:
            frame = finding.site.frames[-1]
            where = place(frame.path, frame.line, self._judge.start)
            lines.append(f"    {finding.kind}  {where}  {clip(frame.code, _MAX_CODE)}")
        return [*lines, f"fix: {self.in_parent[0].advice}"]

    def __repr__(self) -> str:
        kinds: Counter[str] = Counter()
        for finding in self.findings:
            kinds["failed hook" if isinstance(finding, FailedHook) else finding.kind] += finding.count
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        left = counts or ("nothing" if self._is_known else "unknown")
        return f"<Report of the {self._when}: {left} left behind, {self.seconds:.2f} s>"
