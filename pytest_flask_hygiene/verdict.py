"""Which findings fail, and which are only noted: all rules, in their order.

The first that applies decides: a library's own leak is counted; ``hygiene.allow()``, a mark or a line of
``hygiene_allow`` that covers it allows it; then the kind and ``--hygiene-strict`` decide; and the baseline
accepts what would fail.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from . import own_modules
from .findings import Finding, Outcome
from .paths import Paths
from .settings import Settings

if TYPE_CHECKING:
    from .decisions.baseline import Baseline
    from .marks import AllowLeak


class Verdict:
    """Decides on findings, and remembers which of the user's decisions were of use."""

    def __init__(self, settings: Settings, rootpath: Path) -> None:
        """Raise :class:`pytest.UsageError` for a baseline that can't be read."""
        self._settings = settings
        self.paths = Paths(rootpath)
        self.baseline: Baseline | None = None
        if settings.baseline is not None:
            with own_modules():
                from .decisions.baseline import Baseline
            self.baseline = Baseline(settings.baseline, rootpath, update=settings.update_baseline)
        self.used: set[object] = set()
        """The keys (``AllowLeak.key``) of the marks and lines that have covered something."""

    def decide(self, finding: Finding, marks: Iterable[AllowLeak] = ()) -> Outcome:
        """What becomes of a finding; sets ``allowed_by`` where a decision of the user's covers it.

        ``marks``: what ``hygiene.allow()`` and the marks of its owner allow.
        """
        if finding.kind == "cycle" and not finding.site.frames:
            outcome: Outcome = "failed" if self._settings.framework_cycles_fail else "library"
        elif not finding.site.frames or finding.upstream:
            outcome = "library"
        elif self._is_allowed(finding, marks):
            return "allowed"
        else:
            outcome = _by_kind(finding, strict=self._settings.strict)
        if outcome == "failed" and self.baseline is not None and self.baseline.accepts(finding):
            return "allowed"
        return outcome

    def _is_allowed(self, finding: Finding, marks: Iterable[AllowLeak]) -> bool:
        for allow in (*marks, *self._settings.allow):
            if allow.covers(finding, self.paths):
                self.used.add(allow.key)
                finding.allowed_by = allow.reason or allow.allowed_by
                return True
        return False


def _by_kind(finding: Finding, *, strict: bool) -> Outcome:
    """The table of ``docs/what-is-checked.md``."""
    if finding.owner.scope == "server":
        return "noted" if finding.listed_only and not strict else "failed"
    if finding.in_tests or finding.kind == "response":
        return "failed" if strict else "noted"
    if finding.state == "left_open" and finding.kind != "context":
        # A program's own globals are open at its end.
        of_program = finding.owner.scope in ("import", "collection", "unknown")
        return "failed" if strict and not of_program else "noted"
    return "failed"
