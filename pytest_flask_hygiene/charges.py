"""Which report, or the session, a finding is charged to, and what the verdict on it is.

Loaded with the first finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .advice import advise
from .ledger import merge

if TYPE_CHECKING:
    from .findings import Finding, Owner
    from .ledger import Attempt, Ledger
    from .settings import Settings


class Charges:
    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._settings = settings

    def record(self, finding: Finding) -> None:
        """Charge a finding to the report that its owner answers for."""
        finding.advice = finding.advice or advise(finding)
        owner, attempt = finding.owner, self._ledger.attempt
        if owner.outlives_test:
            if not owner.ended:
                merge(self._ledger.by_fixture.setdefault(owner, []), finding)
            elif attempt is not None and not attempt.teardown_reported:
                self._charge(attempt, finding, in_call=False)
            else:
                self._charge_session(finding)
        elif attempt is not None and attempt.owns(owner):
            if attempt.teardown_reported:
                if not attempt.failed:
                    self._charge_session(finding)
            else:
                self._charge(attempt, finding, in_call=owner.is_test and not attempt.call_reported)
        elif owner.is_test or owner.is_fixture:
            if not owner.failed:
                self._charge_session(finding)
        else:
            self._charge_session(finding)

    def _charge(self, attempt: Attempt, finding: Finding, *, in_call: bool) -> None:
        if attempt.failed and attempt.call_reported and attempt.owns(finding.owner):
            return
        finding.nodeid = attempt.nodeid
        finding.when = "call" if in_call else "teardown"
        merge(attempt.in_call if in_call else attempt.in_teardown, finding)

    def _charge_session(self, finding: Finding) -> None:
        finding.when = "session"
        finding.nodeid = finding.owner.nodeid
        # Decided with all that there is of it: the baseline accepts no more than it knows.
        finding = merge(self._ledger.of_session, finding)
        self._decide(finding, finding.owner)

    def withdraw(self, finding: Finding) -> None:
        """What was left open has been dropped since, which is worse, and is recorded anew."""
        attempt = self._ledger.attempt
        undecided = [*self._ledger.by_fixture.values(), self._ledger.of_session]
        if attempt is not None:
            undecided += (attempt.in_call, attempt.in_teardown)
        for nodeid, found in (*self._ledger.by_test.items(), *(("", findings) for findings in undecided)):
            for known in found:
                if known.key == finding.key:
                    known.count -= 1
                    if known.count < 1:
                        found.remove(known)
                    if nodeid:
                        self._ledger.changed.add(nodeid)
                    return

    def judge(self, attempt: Attempt, when: str) -> list[Finding]:
        """Decide on those that go with a report: of the call, or of the teardown."""
        return self._judge_call(attempt) if when == "call" else self._judge_teardown(attempt)

    def _judge_call(self, attempt: Attempt) -> list[Finding]:
        attempt.call_reported = True
        return self._judge(attempt, attempt.in_call)

    def _judge_teardown(self, attempt: Attempt) -> list[Finding]:
        """Also those of a call that was never reported."""
        findings = attempt.in_teardown
        if not attempt.call_reported:
            findings = attempt.in_call + findings
        attempt.call_reported = attempt.teardown_reported = True
        return self._judge(attempt, findings)

    def _judge(self, attempt: Attempt, findings: list[Finding]) -> list[Finding]:
        for finding in findings:
            self._decide(finding, attempt.owner if attempt.owns(finding.owner) else finding.owner)
            if attempt.failed and attempt.owns(finding.owner) and finding.outcome == "failed":
                finding.outcome = "noted"
                finding.is_leak = False
        if findings:
            self._ledger.add(attempt.nodeid, findings)
        return findings

    def so_far(self, attempt: Attempt, *, take: bool = False) -> list[Finding]:
        """What its test and fixtures are charged with, and no report has told of yet; decided.

        ``take``: and none will.
        """
        if attempt.failed or attempt.teardown_reported:
            return []
        lists = [attempt.in_teardown] if attempt.call_reported else [attempt.in_call, attempt.in_teardown]
        found: list[Finding] = []
        for findings in lists:
            own = [f for f in findings if attempt.owns(f.owner)]
            found += own
            if take:
                findings[:] = [f for f in findings if f not in own]
        for finding in found:
            self._decide(finding, attempt.owner)
        return found

    def _decide(self, finding: Finding, marked: Owner) -> None:
        """``marked``: whose marks may cover it; read only now, for a fixture may add some."""
        marks = marked.marks() if marked.marks is not None else ()
        finding.outcome = self._ledger.verdict.decide(finding, (*finding.owner.allows, *marks))
        finding.is_leak = finding.outcome == "failed"
        if finding.is_leak and self._settings.mode == "warn":
            finding.outcome = "noted"
