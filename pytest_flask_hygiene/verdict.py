"""Which findings fail, which are only noted: design and precedence in one place.

Precedence, strongest first: a library's own leak is counted; a mark that covers it allows it, or else a line
of ``hygiene_allow``; then the kind, ``--hygiene-strict`` and ``hygiene_framework_cycles`` decide; and the
baseline accepts what would fail.
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
    from .baseline import Baseline
    from .marks import AllowLeak


class Verdict:
    """Decides, and remembers what the user's decisions were good for."""

    def __init__(self, settings: Settings, rootpath: Path) -> None:
        """Raise :class:`pytest.UsageError` for a baseline that can't be read."""
        self._settings = settings
        self.paths = Paths(rootpath)
        self.baseline: Baseline | None = None
        if settings.baseline is not None:
            with own_modules():
                from .baseline import Baseline
            self.baseline = Baseline(settings.baseline, rootpath, update=settings.update_baseline)
        self.used: set[object] = set()
        """The keys of the marks and lines that have covered something."""

    def decide(self, finding: Finding, marks: Iterable[AllowLeak] = ()) -> Outcome:
        """What becomes of a finding; sets ``allowed_by`` when the user's decision covers it."""
        if finding.kind == "cycle" and not finding.site.frames:
            outcome: Outcome = "failed" if self._settings.framework_cycles_fail else "library"
        elif not finding.site.frames or finding.upstream:
            outcome = "library"
        else:
            for allowed in (*marks, *self._settings.allow):
                if allowed.covers(finding, self.paths):
                    self.used.add(allowed.key)
                    finding.allowed_by = allowed.reason or allowed.allowed_by
                    return "allowed"
            outcome = _by_kind(finding, strict=self._settings.strict)
        if outcome == "failed" and self.baseline is not None and self.baseline.accepts(finding):
            return "allowed"
        return outcome


def _by_kind(finding: Finding, *, strict: bool) -> Outcome:
    if finding.owner.scope == "server":
        return "noted" if finding.listed_only and not strict else "failed"
    if finding.in_tests or finding.kind == "response":
        return "failed" if strict else "noted"
    if finding.state == "left_open" and finding.kind != "context":
        # A program's own globals are open at its end.
        of_program = finding.owner.scope in ("import", "collection", "unknown")
        return "failed" if strict and not of_program else "noted"
    return "failed"
