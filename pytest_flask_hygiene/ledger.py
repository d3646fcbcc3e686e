"""The book of findings: everything that was found in this session, by the test that is charged with it.

An attempt is the test that runs now, with what was found of it and has not been reported yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from . import own_modules
from .cost import Cost
from .faults import Faults

if TYPE_CHECKING:
    from pathlib import Path

    from .charges import Charges
    from .decisions.stale import Stale
    from .decisions.what_ran import WhatRan
    from .findings import Finding, Owner
    from .settings import Settings
    from .verdict import Verdict


class Attempt:
    """One run of one test; a rerun (pytest-rerunfailures) is another attempt."""

    def __init__(self, nodeid: str, owner: Owner) -> None:
        self.nodeid = nodeid
        self.owner = owner
        """The test itself."""
        self.fixtures: list[Owner] = []
        """Function fixtures set up for it."""
        self.parts: list[Owner] = []
        """The parts of these owners that are inside ``hygiene.allow()`` blocks; see ``blocks.py``."""
        self.ended: list[Owner] = []
        """Fixtures of wider scopes that ended in its teardown."""
        self.in_call: list[Finding] = []
        """What goes with the report of its call."""
        self.in_teardown: list[Finding] = []
        """What goes with the report of its teardown."""
        self.call_begun = False
        self.call_swept = False
        self.call_reported = False
        self.teardown_reported = False
        self.own_finalizers = True
        """The test function has registered finalizers (``request.addfinalizer``), or has not passed."""
        self.cycles_of: Owner = owner
        """Who is charged with the exception cycles that are found now."""
        self.wider_swept = False
        """Fixtures of wider scopes were set up for it, and their cycles were looked for."""

    @property
    def failed(self) -> bool:
        """The test did not pass by itself: what its traceback holds is no finding."""
        return self.owner.failed

    def fail(self) -> None:
        """The test did not pass by itself."""
        self.owner.failed = True
        for other in (*self.fixtures, *self.parts):
            other.failed = True

    def owns(self, owner: Owner) -> bool:
        """Whether it is the test, one of its function fixtures, or a part of one of these."""
        owner = owner.whole or owner
        return owner is self.owner or any(owner is fixture for fixture in self.fixtures)

    @property
    def has_only_the_call(self) -> bool:
        """Whether nobody's code ran after the call, and pytest has nothing to let go of."""
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
        """The test and its parts, without its fixtures."""
        return {self.owner, *(part for part in self.parts if part.whole is self.owner)}

    @property
    def owners(self) -> set[Owner]:
        """The test, its function fixtures, and the parts of both."""
        return {self.owner, *self.fixtures, *self.parts}


class Ledger:
    """Everything found in this session, and what the summary says beside the findings."""

    def __init__(self, settings: Settings, rootpath: Path) -> None:
        self.settings = settings
        self._rootpath = rootpath
        self.attempt: Attempt | None = None
        """The test that runs now; None between tests."""
        self.by_test: dict[str, list[Finding]] = {}
        """By node id: what each test is charged with."""
        self.changed: set[str] = set()
        """Tests whose findings have changed since a pytest-xdist worker last sent them home."""
        self.unlogged: set[tuple[str, str]] = set()
        """Reports that a leak has failed, by node id and phase, and that nobody has been told of yet."""
        self.of_session: list[Finding] = []
        """What was found after its test had been reported, or has no test to be charged to."""
        self.by_fixture: dict[Owner, list[Finding]] = {}
        """Findings of fixtures of wider scopes that have not ended yet."""
        self.library_edges: Counter[str] = Counter()
        """How many exception cycles each library's frame or object closes."""
        self.responses_closed = 0
        self.uploads_closed = 0
        self.stopped_early: list[str] = []
        """Node ids of the tests whose cycle check was stopped early."""
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
        """Faults of plugins that have named resources of their own, and of marks that fixtures have added."""
        self.cost = Cost()

    @cached_property
    def verdict(self) -> Verdict:
        """Raises :class:`pytest.UsageError` for a baseline that can't be read."""
        with own_modules():
            from .verdict import Verdict
        return Verdict(self.settings, self._rootpath)

    @cached_property
    def charges(self) -> Charges:
        """Loaded with the first finding."""
        with own_modules():
            from .charges import Charges
        return Charges(self)

    def begin(self, attempt: Attempt, *, again: bool) -> None:
        """A test begins.

        ``again``: it has run before (pytest-rerunfailures), and is not another of the same node ID.
        """
        self.attempt = attempt
        if not again:
            return
        self.logged(attempt.nodeid, "call")
        self.logged(attempt.nodeid, "teardown")
        # The last attempt decides.
        if self.by_test.pop(attempt.nodeid, None) is not None:
            self.changed.add(attempt.nodeid)
            if self.verdict.baseline is not None:
                self.verdict.baseline.test_begins(attempt.nodeid)

    def end(self) -> None:
        """The test has ended, and all its reports are out."""
        if self.what_ran is not None and self.attempt is not None:
            self.what_ran.note(self.attempt.nodeid, completed=not self.attempt.failed)
        self.attempt = None

    def logged(self, nodeid: str, when: str) -> None:
        """A report of this phase is out, or need not be any more, for the test runs again."""
        if self.unlogged:
            self.unlogged.discard((nodeid, when))
            if self.attempt is not None:
                # Another plugin may have given the report another node ID, to be shown.
                self.unlogged.discard((self.attempt.nodeid, when))

    def owner_ended(self, owner: Owner) -> None:
        """A class, module, package or session fixture has run its finalizers."""
        owner.ended = True
        for finding in self.by_fixture.pop(owner, ()):
            self.charges.record(finding)

    def flush_pending(self) -> None:
        """The session ends: charge the findings of the fixtures whose end was never seen."""
        for owner in list(self.by_fixture):
            self.owner_ended(owner)

    def nothing_to_report(self, attempt: Attempt, when: str) -> bool:
        """Whether no finding goes with the report of this phase; if so, note that the report is out."""
        if when == "call":
            if attempt.in_call:
                return False
            attempt.call_reported = True
        elif when == "teardown":
            if attempt.in_teardown or (attempt.in_call and not attempt.call_reported):
                return False
            attempt.call_reported = attempt.teardown_reported = True
        return True

    def add(self, nodeid: str, findings: Iterable[Finding]) -> None:
        """Charge a test with these findings, also one whose reports are out."""
        self.by_test.setdefault(nodeid, []).extend(findings)
        self.changed.add(nodeid)

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened that anybody could be told of."""
        return not (
            self.by_test
            or self.of_session
            or self.by_fixture
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
        """All of them, whatever their outcome."""
        return [f for findings in self.by_test.values() for f in findings] + self.of_session

    @property
    def leaks(self) -> list[Finding]:
        """Those that fail a test or the session, or would in mode ``fail``."""
        return [f for f in self.findings if f.is_leak]

    @property
    def outside_tests(self) -> list[Finding]:
        """The session's findings, without those that a test is charged with as well.

        A wider fixture may end with a test on one worker, and after the last test on another.
        """
        charged = {f.key for findings in self.by_test.values() for f in findings if f.is_leak}
        return [f for f in self.of_session if f.key not in charged]

    @property
    def pending(self) -> list[Finding]:
        """The findings of all fixtures of wider scopes that have not ended yet."""
        return [f for findings in self.by_fixture.values() for f in findings]

    @property
    def upstream(self) -> Counter[str]:
        """How many leaks each known bug of a library has caused in this session."""
        counts: Counter[str] = Counter()
        for finding in distinct(self.findings):
            if finding.upstream:
                counts[finding.upstream] += finding.count
        return counts


def merge(findings: list[Finding], finding: Finding) -> Finding:
    """Add a finding, and return the one that stands for it now.

    What was opened at the same site by the same owner is one finding with a count.
    """
    for known in findings:
        if known.key == finding.key:
            known.count += finding.count
            return known
    findings.append(finding)
    return finding


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, with equal ones only once.

    A wider fixture's leak is found in every worker, and each time the fixture ends.
    """
    first: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        first.setdefault(finding.key, finding)
    return list(first.values())
