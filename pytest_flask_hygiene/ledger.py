"""The book of findings: which report, or the session, each is charged to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property, wraps
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import own_modules
from .cost import Cost
from .faults import Faults

if TYPE_CHECKING:
    from pathlib import Path

    from .findings import Finding, Owner
    from .marks import AllowLeak
    from .settings import Settings
    from .stale import Stale
    from .verdict import Verdict
    from .what_ran import WhatRan

_Method = TypeVar("_Method", bound=Callable[..., Any])


def harmless(method: _Method) -> _Method:
    """A fault of ours never breaks a test: it is reported once, as ours, and the method returns None.

    What the method takes is counted as the plugin's cost.

    For methods of classes with an attribute ``ledger``.
    """

    # Ten calls a test.  Passing on ``*args``, or a context manager, would double what they cost.
    @wraps(method)
    def guarded_0(self: Any) -> Any:
        cost, busy = self.ledger.cost, self.ledger.cost.busy
        cost.busy, began = True, perf_counter()
        try:
            return method(self)
        except Exception as error:
            self.ledger.faults.add(method.__name__, error)
            return None
        finally:
            if not busy:
                cost.busy = False
                cost.seconds += perf_counter() - began

    @wraps(method)
    def guarded_1(self: Any, argument: Any) -> Any:
        cost, busy = self.ledger.cost, self.ledger.cost.busy
        cost.busy, began = True, perf_counter()
        try:
            return method(self, argument)
        except Exception as error:
            self.ledger.faults.add(method.__name__, error)
            return None
        finally:
            if not busy:
                cost.busy = False
                cost.seconds += perf_counter() - began

    @wraps(method)
    def guarded_2(self: Any, first: Any, second: Any) -> Any:
        cost, busy = self.ledger.cost, self.ledger.cost.busy
        cost.busy, began = True, perf_counter()
        try:
            return method(self, first, second)
        except Exception as error:
            self.ledger.faults.add(method.__name__, error)
            return None
        finally:
            if not busy:
                cost.busy = False
                cost.seconds += perf_counter() - began

    arguments: int = method.__code__.co_argcount - 1
    return cast("_Method", (guarded_0, guarded_1, guarded_2)[arguments])


class Attempt:
    """One run of one test; a rerun is another attempt."""

    def __init__(self, nodeid: str, owner: Owner) -> None:
        self.nodeid = nodeid
        self.owner = owner
        self.fixtures: list[Owner] = []
        """Function fixtures set up for it."""
        self.ended: list[Owner] = []
        """Wider fixtures that ended in its teardown."""
        self.in_call: list[Finding] = []
        self.in_teardown: list[Finding] = []
        self.call_swept = False
        self.call_reported = False
        self.teardown_reported = False
        self.own_finalizers = True
        """The test itself registered finalizers, or did not pass."""
        self.cycles_of: Owner = owner
        """Who is charged with exception cycles found now."""
        self.call_begun = False
        self.wider_swept = False
        """Fixtures of wider scopes were set up for it, and swept for."""
        self.parts: list[Owner] = []
        """Of the test and its fixtures; see ``blocks.py``."""

    @property
    def failed(self) -> bool:
        """The test did not pass by itself: what its traceback holds is no finding."""
        return self.owner.failed

    def fail(self) -> None:
        self.owner.failed = True
        for other in (*self.fixtures, *self.parts):
            other.failed = True

    def owns(self, owner: Owner) -> bool:
        owner = owner.whole or owner
        return owner is self.owner or any(owner is fixture for fixture in self.fixtures)

    @property
    def has_only_the_call(self) -> bool:
        """Nobody's code ran after the call, and nothing is let go of."""
        return (
            self.call_swept
            and not self.own_finalizers
            and not self.fixtures
            and not self.ended
            and not self.owner.opened
            and not self.owner.failed
        )

    @property
    def owners_of_test(self) -> set[Owner]:
        """Without its fixtures."""
        return {self.owner, *(part for part in self.parts if part.whole is self.owner)}

    @property
    def owners(self) -> set[Owner]:
        return {self.owner, *self.fixtures, *self.parts}


class Ledger:
    """Everything found in this session."""

    def __init__(self, settings: Settings, rootpath: Path) -> None:
        self._settings = settings
        self._rootpath = rootpath
        self.attempt: Attempt | None = None
        self.by_test: dict[str, list[Finding]] = {}
        self.changed: set[str] = set()
        """Tests whose findings have changed since a pytest-xdist worker last sent them home."""
        self.of_session: list[Finding] = []
        self._pending: dict[Owner, list[Finding]] = {}
        self.library_edges: Counter[str] = Counter()
        self.responses_closed = 0
        self.uploads_closed = 0
        self.stopped_early: list[str] = []
        self.what_ran: WhatRan | None = None
        """In strict mode, and where there is a baseline."""
        self.stale: list[Stale] = []
        """In strict mode: marks, lines and baseline entries that are good for nothing."""
        self.removable = ""
        """In words: how many entries of the baseline can be removed or lowered."""
        self.notes: list[str] = []
        """What became of the baseline."""
        self.faults = Faults()
        self.others_faults: list[str] = []
        """Of plugins that have named resources of their own."""
        self.cost = Cost()

    @property
    def settings(self) -> Settings:
        return self._settings

    @cached_property
    def verdict(self) -> Verdict:
        """Raises :class:`pytest.UsageError` for a baseline that can't be read."""
        with own_modules():
            from .verdict import Verdict
        return Verdict(self._settings, self._rootpath)

    def begin(self, attempt: Attempt) -> None:
        self.attempt = attempt
        # pytest-rerunfailures: the last attempt decides.
        if self.by_test.pop(attempt.nodeid, None) is not None:
            self.changed.add(attempt.nodeid)
            if self.verdict.baseline is not None:
                self.verdict.baseline.test_begins(attempt.nodeid)

    def end(self) -> None:
        if self.what_ran is not None and self.attempt is not None:
            self.what_ran.note(self.attempt.nodeid, completed=not self.attempt.failed)
        self.attempt = None

    def record(self, finding: Finding) -> None:
        """Charge a finding to the report that its owner answers for."""
        with own_modules():
            from .advice import advise
        finding.advice = finding.advice or advise(finding)
        owner, attempt = finding.owner, self.attempt
        if owner.outlives_test:
            if not owner.ended:
                merge(self._pending.setdefault(owner, []), finding)
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
        finding = merge(self.of_session, finding)
        # Only when there is a finding: a fixture may add marks.
        self._decide(finding, finding.owner.marks() if finding.owner.marks is not None else ())

    def withdraw(self, finding: Finding) -> None:
        """What was left open has been dropped since, which is worse, and is recorded anew."""
        attempt = self.attempt
        undecided = [*self._pending.values(), self.of_session]
        if attempt is not None:
            undecided += (attempt.in_call, attempt.in_teardown)
        for nodeid, found in (*self.by_test.items(), *(("", findings) for findings in undecided)):
            for known in found:
                if known.key == finding.key:
                    known.count -= 1
                    if known.count < 1:
                        found.remove(known)
                    if nodeid:
                        self.changed.add(nodeid)
                    return

    def owner_ended(self, owner: Owner) -> None:
        """A class, module, package or session fixture has run its finalizers."""
        owner.ended = True
        for finding in self._pending.pop(owner, ()):
            self.record(finding)

    def flush_pending(self) -> None:
        """The session ends: whoever has not ended by now will not be reported otherwise."""
        for owner in list(self._pending):
            self.owner_ended(owner)

    def nothing_to_report(self, attempt: Attempt, when: str) -> bool:
        """Note a report that is about to be made, unless findings go with it."""
        if when == "call":
            if attempt.in_call:
                return False
            attempt.call_reported = True
        elif when == "teardown":
            if attempt.in_teardown or (attempt.in_call and not attempt.call_reported):
                return False
            attempt.call_reported = attempt.teardown_reported = True
        return True

    def judge_call(self, attempt: Attempt) -> list[Finding]:
        attempt.call_reported = True
        return self._judge(attempt, attempt.in_call)

    def judge_teardown(self, attempt: Attempt) -> list[Finding]:
        """Findings for the teardown report; also those of a call that was never reported."""
        findings = attempt.in_teardown
        if not attempt.call_reported:
            findings = attempt.in_call + findings
        attempt.call_reported = attempt.teardown_reported = True
        return self._judge(attempt, findings)

    def _judge(self, attempt: Attempt, findings: list[Finding]) -> list[Finding]:
        marks = attempt.owner.marks() if findings and attempt.owner.marks is not None else ()
        for finding in findings:
            self._decide(finding, marks)
            if attempt.failed and attempt.owns(finding.owner) and finding.outcome == "failed":
                finding.outcome = "noted"
                finding.is_leak = False
        if findings:
            self.add(attempt.nodeid, findings)
        return findings

    def so_far(self, attempt: Attempt, *, take: bool = False) -> list[Finding]:
        """What its test and fixtures are charged with, and no report has told of yet; decided.

        ``take``: and none will.
        """
        if attempt.failed or attempt.teardown_reported:
            return []
        lists = [attempt.in_teardown] if attempt.call_reported else [attempt.in_call, attempt.in_teardown]
        marks = attempt.owner.marks() if any(lists) and attempt.owner.marks is not None else ()
        found: list[Finding] = []
        for findings in lists:
            own = [f for f in findings if attempt.owns(f.owner)]
            found += own
            if take:
                findings[:] = [f for f in findings if f not in own]
        for finding in found:
            self._decide(finding, marks)
        return found

    def add(self, nodeid: str, findings: Iterable[Finding]) -> None:
        """More findings of a test, also of one whose reports are out."""
        self.by_test.setdefault(nodeid, []).extend(findings)
        self.changed.add(nodeid)

    def _decide(self, finding: Finding, marks: Iterable[AllowLeak]) -> None:
        finding.outcome = self.verdict.decide(finding, (*finding.owner.allows, *marks))
        finding.is_leak = finding.outcome == "failed"
        if finding.is_leak and self._settings.mode == "warn":
            finding.outcome = "noted"

    @property
    def is_empty(self) -> bool:
        """Nothing happened that anybody could be told of."""
        return not (
            self.by_test
            or self.of_session
            or self._pending
            or self.library_edges
            or self.responses_closed
            or self.uploads_closed
            or self.stopped_early
            or self.stale
            or self.removable
            or self.notes
            or self.faults
            or self.others_faults
        )

    @property
    def findings(self) -> list[Finding]:
        return [f for findings in self.by_test.values() for f in findings] + self.of_session

    @property
    def leaks(self) -> list[Finding]:
        return [f for f in self.findings if f.is_leak]

    @property
    def outside_tests(self) -> list[Finding]:
        """Session findings, but for those that a test is charged with as well.

        A wider fixture may end with a test on one worker, and after the last test on another.
        """
        charged = {f.key for findings in self.by_test.values() for f in findings if f.is_leak}
        return [f for f in self.of_session if f.key not in charged]

    @property
    def pending(self) -> list[Finding]:
        """Those of wider fixtures that have not ended."""
        return [f for findings in self._pending.values() for f in findings]

    @property
    def upstream(self) -> Counter[str]:
        """How many leaks each library is known for."""
        counts: Counter[str] = Counter()
        for finding in distinct(self.findings):
            if finding.upstream:
                counts[finding.upstream] += finding.count
        return counts


def merge(findings: list[Finding], finding: Finding) -> Finding:
    """Add a finding; what was opened at the same site by the same owner is one finding with a count."""
    for known in findings:
        if known.key == finding.key:
            known.count += finding.count
            return known
    findings.append(finding)
    return finding


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """One of each: a wider fixture's leak is found in every worker, and each time the fixture ends."""
    first: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        first.setdefault(finding.key, finding)
    return list(first.values())
