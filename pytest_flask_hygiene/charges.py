"""Which report a finding is charged to, or else the session; and the verdict on it.

Loaded with the first finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .advice import advise
from .ledger import merge

if TYPE_CHECKING:
    from .findings import Finding, Owner
    from .ledger import Attempt, Ledger
    from .marks import AllowLeak


class Charges:
    """Charges each finding, and decides on it when its report is made."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def record(self, finding: Finding) -> None:
        """Charge a finding to the report that its owner answers for."""
        finding.advice = finding.advice or advise(finding)
        owner, attempt = finding.owner, self._ledger.attempt
        if owner.outlives_test:
            self._record_of_wider(finding)
        elif attempt is not None and attempt.owns(owner):
            if not attempt.teardown_reported:
                self._charge(attempt, finding, in_call=owner.is_test and not attempt.call_reported)
            elif not attempt.failed:
                self._charge_session(finding)
        elif not owner.failed:
            self._charge_session(finding)

    def _record_of_wider(self, finding: Finding) -> None:
        """Of a class, module, package or session fixture: charged with the test in whose teardown it ends."""
        owner, attempt = finding.owner, self._ledger.attempt
        if not owner.ended:
            merge(self._ledger.by_fixture.setdefault(owner, []), finding)
        elif attempt is not None and not attempt.teardown_reported:
            self._charge(attempt, finding, in_call=False)
        else:
            self._charge_session(finding)

    def _charge(self, attempt: Attempt, finding: Finding, *, in_call: bool) -> None:
        if attempt.failed and attempt.call_reported and attempt.owns(finding.owner):
            # Its traceback may have held it until now.
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

    def charge_unlogged(self) -> None:
        """Charge the session with what has failed a report that another plugin kept to itself.

        A plugin that runs tests again (flaky) may do that, although the test itself has passed.
        """
        ledger = self._ledger
        for nodeid, when in sorted(ledger.unlogged):
            findings = ledger.by_test.get(nodeid, [])
            for finding in [f for f in findings if f.outcome == "failed" and f.when == when]:
                findings.remove(finding)
                finding.when = "session"
                merge(ledger.of_session, finding)
            ledger.changed.add(nodeid)
        ledger.unlogged.clear()

    def withdraw(self, finding: Finding) -> None:
        """Take back a finding of something left open: it has been dropped since, and is recorded anew."""
        attempt, ledger = self._ledger.attempt, self._ledger
        for nodeid, findings in ledger.by_test.copy().items():
            if _take_one(findings, finding):
                ledger.changed.add(nodeid)
                return
        unreported = [*ledger.by_fixture.values(), ledger.of_session]
        if attempt is not None:
            unreported += (attempt.in_call, attempt.in_teardown)
        for findings in unreported:
            if _take_one(findings, finding):
                return

    def judge(self, attempt: Attempt, when: str) -> list[Finding]:
        """Decide on the findings that go with a report, of the call or of the teardown, and return them."""
        return self._judge_call(attempt) if when == "call" else self._judge_teardown(attempt)

    def _judge_call(self, attempt: Attempt) -> list[Finding]:
        attempt.call_reported = True
        return self._judge(attempt, attempt.in_call)

    def _judge_teardown(self, attempt: Attempt) -> list[Finding]:
        findings = attempt.in_teardown
        if not attempt.call_reported:
            # A test that was skipped, or whose setup failed, has no report of a call.
            findings = attempt.in_call + findings
        attempt.call_reported = attempt.teardown_reported = True
        return self._judge(attempt, findings)

    def _judge(self, attempt: Attempt, findings: list[Finding]) -> list[Finding]:
        for finding in findings:
            self._decide(finding, attempt.owner if attempt.owns(finding.owner) else finding.owner)
            if attempt.failed and attempt.owns(finding.owner) and finding.outcome == "failed":
                # The test's own failure is what its report is about.
                finding.outcome = "noted"
                finding.is_leak = False
        if findings:
            self._ledger.add(attempt.nodeid, findings)
        return findings

    def so_far(self, attempt: Attempt, *, take: bool = False) -> list[Finding]:
        """Decide on what the test and its fixtures are charged with and no report has told of; return that.

        ``take``: no report will tell of it, for the caller does.
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
        """``marked``: whose marks may cover it.  They are read only now, for a fixture may have added one."""
        marks = self._marks_of(marked)
        finding.outcome = self._ledger.verdict.decide(finding, (*finding.owner.allows, *marks))
        finding.is_leak = finding.outcome == "failed"
        if finding.is_leak and self._ledger.settings.mode == "warn":
            finding.outcome = "noted"

    def _marks_of(self, owner: Owner) -> list[AllowLeak]:
        try:
            return [] if owner.marks is None else owner.marks()
        except pytest.UsageError as error:
            # Of a mark that a fixture has added: those that are there at collection have been checked.
            self._ledger.others_faults.append(str(error))
            return []


def _take_one(findings: list[Finding], finding: Finding) -> bool:
    """Make an equal finding count one resource less, or remove it.  False if there is none."""
    for known in findings:
        if known.key == finding.key:
            known.count -= 1
            if known.count < 1:
                findings.remove(known)
            return True
    return False
