"""Which findings fail, which are only noted: design and precedence in one place.

Precedence, strongest first: a library's own leak is counted; a mark that covers it allows it; then the kind,
``--hygiene-strict`` and ``hygiene_framework_cycles`` decide.
"""

from __future__ import annotations

from collections.abc import Sequence

from .findings import Finding, Outcome
from .marks import AllowLeak
from .settings import Settings


def decide(finding: Finding, settings: Settings, marks: Sequence[AllowLeak] = ()) -> Outcome:
    """What becomes of a finding; sets ``allowed_by`` when a mark covers it."""
    if finding.kind == "cycle" and not finding.site.frames:
        return "failed" if settings.framework_cycles_fail else "library"
    if not finding.site.frames or finding.upstream:
        return "library"
    for mark in marks:
        if mark.covers(finding):
            finding.allowed_by = mark.reason or "allow_leak"
            return "allowed"
    if finding.owner.scope == "server":
        return "noted" if finding.listed_only and not settings.strict else "failed"
    if finding.in_tests or finding.kind == "response":
        return "failed" if settings.strict else "noted"
    if finding.state == "left_open" and finding.kind != "context":
        # A program's own globals are open at its end.
        of_program = finding.owner.scope in ("import", "collection", "unknown")
        return "failed" if settings.strict and not of_program else "noted"
    return "failed"
