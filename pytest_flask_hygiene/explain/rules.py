"""For ``--hygiene-explain``: the rule, or the user's decision, that a finding's outcome is due to.

``verdict.py`` decides; here it is put into the words of ``docs/what-is-checked.md``.

Loaded only where a test is to be explained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..findings import ALLOWED_BY, Finding

if TYPE_CHECKING:
    from ..marks import AllowLeak
    from ..paths import Paths
    from ..settings import Settings
    from .journal import Journal


class Rules:
    """Tells of the findings of one test."""

    def __init__(self, settings: Settings, journal: Journal, paths: Paths) -> None:
        self._settings = settings
        self._paths = paths
        self._journal = journal

    def of(self, finding: Finding) -> str:
        """What stands behind "counts as": the outcome, a colon, and why."""
        if finding.outcome == "allowed":
            return self._who_allows(finding)
        if finding.outcome == "library":
            if finding.upstream:
                return f"library: a known bug of {finding.upstream}"
            if finding.kind == "cycle":
                return f"library: counted under {finding.variable}"
            return f"library: counted under {finding.site.library or 'what is out of sight'}"
        rule, strict = self._rule_of_kind(finding)
        if finding.outcome == "failed":
            why = f"{rule}, and the mode is strict" if strict else rule
            return f"failed: {why}{self._where_charged(finding)}"
        if finding.is_leak:
            return f"noted: {rule}, which fails without --hygiene=warn"
        if self._journal.failed:
            return f"noted: {rule}, but the test did not pass by itself"
        if strict and not self._settings.strict:
            return f"noted: {rule}; --hygiene-strict fails it"
        return f"noted: {rule}"

    def _rule_of_kind(self, finding: Finding) -> tuple[str, bool]:
        """The row of the table in ``docs/what-is-checked.md``, and whether only strict mode fails it."""
        if finding.kind == "cycle" and not finding.site.frames:
            return "hygiene_framework_cycles = fail", False
        if finding.owner.scope == "server":
            return "left by the old process of the development server", finding.listed_only
        if finding.in_tests:
            return "an exception cycle that test code closes", True
        if finding.kind == "cycle":
            return "an exception cycle that your application closes", False
        if finding.kind == "context":
            return "a context that was left pushed", False
        if finding.kind == "response":
            return "a streamed response that was not closed", True
        if finding.state == "left_open":
            if finding.owner.scope in ("import", "collection", "unknown"):
                return "opened by an import, and open at the end", False
            return "left open", True
        return "dropped without having been closed", False

    def _where_charged(self, finding: Finding) -> str:
        if finding.when != "session":
            return ""
        if finding.owner.scope == "held":
            return "; outside tests, for the first user is not to blame"
        return "; outside tests, for the test was reported before"

    def _who_allows(self, finding: Finding) -> str:
        if finding.allowed_by == ALLOWED_BY:
            baseline = self._settings.baseline
            return f"allowed: by an entry of the baseline {baseline.name if baseline else ''}".rstrip()
        for where, allows in (
            ("hygiene.allow", finding.owner.allows),
            ("the mark allow_leak", self._journal.marks),
            ("hygiene_allow", self._settings.allow),
        ):
            for allow in allows:
                if allow.covers(finding, self._paths):
                    return f"allowed: by {_as_text(where, allow)}"
        return f"allowed: {finding.allowed_by}"


def _as_text(where: str, allow: AllowLeak) -> str:
    reason = f" ({allow.reason})" if allow.reason not in ("", "hygiene.allow") else ""
    if isinstance(allow.key, str):
        # The line has its reason in it.
        return f'the {where} line "{allow.key}"'
    arguments = [repr(kind) for kind in sorted(allow.kinds)]
    if allow.match is not None:
        arguments.append(f"match={allow.match.pattern!r}")
    return f"{where}({', '.join(arguments)}){reason}"
