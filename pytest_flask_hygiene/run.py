"""One pytest run: what happens when the session, a test or a fixture begins and ends."""

from __future__ import annotations

import sys
from functools import cached_property, partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

import pytest

from . import own_modules
from .cost import END, LEFT_OPEN
from .faults import harmless
from .findings import UNKNOWN_OWNER, Owner
from .fixture_life import FixtureLife
from .instruments import Instruments
from .ledger import Attempt
from .leftovers import Leftovers
from .owners import owner_of_test
from .settings import Settings, read_marks

if TYPE_CHECKING:
    from .blocks import Blocks
    from .findings import Finding
    from .held_by_pytest import Released

_MAX_ROUNDS: Final = 4
_has_run_key: Final = pytest.StashKey[bool]()


class Run(Instruments):
    """The plugin's state for one session."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        super().__init__(config, settings)
        self._start_path = config.invocation_params.dir
        self.fixtures = FixtureLife(
            self.ledger,
            self.owners,
            self.origin,
            self.collector if self.full else None,
            self._fixture_ends,
            self._fixture_ended,
            self.function_fixtures_done,
        )
        self.leftovers = Leftovers(
            self.births,
            self.threads,
            lambda birth, thing, holders: self.evidence.of_left_open(birth, thing, holders),
            self.origin,
            self.fixtures,
            partial(_is_below_base_temp, config),
            self.collector.thaw,
        )
        self.pushes_before_call = 0
        self._last_failed = False
        self._nothing_torn_down = False
        self._thaw_needed = False

    @cached_property
    def blocks(self) -> Blocks:
        """Of ``hygiene.allow()``."""
        with own_modules():
            from .blocks import Blocks
        return Blocks(self.owners, self.ledger, self.sweep_so_far)

    # -- the session ---------------------------------------------------------------------------

    @harmless
    def session_is_ending(self) -> None:
        """pytest is about to end the fixtures that are left, if the run was stopped."""
        self.warnings.open_filters(lambda: self._decisions)

    @harmless
    def session_ends(self, session: pytest.Session) -> None:
        """The last sweep: everything that was frozen is looked at."""
        self.warnings.close_filters()
        self.warnings.open_filters(lambda: self._decisions)
        try:
            self.responses.close_all()
            if self.full:
                if self._last_failed and not _at_a_prompt():
                    self._forget_last_failure()
                self.collector.thaw()
                self.collector.cost_part = END
                self.collector.sweep()
                self._judge_left_open(None, wait=True)
            self.ledger.flush_pending()
            if self.ledger.unlogged:
                self.ledger.charges.charge_unlogged()
        finally:
            self.warnings.close_filters()
        if self.ledger.what_ran is not None and not hasattr(session.config, "workerinput"):
            with own_modules():
                from .decisions.session_end import judge_decisions
            judge_decisions(session, self.ledger, self.settings, self.ledger.what_ran)
        leaks = [f for f in self.ledger.outside_tests if f.outcome == "failed"]
        if not leaks and not self.ledger.stale:
            return
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            with own_modules():
                from .report.session import list_errors
            list_errors(reporter, leaks, self.ledger.stale, self._start_path)

    # -- one test ------------------------------------------------------------------------------

    @harmless
    def test_begins(self, item: pytest.Item) -> None:
        self.warnings.open_filters(lambda: (*self._decisions, *_filters_of_marks(item)))
        self._nothing_torn_down = False

    @harmless
    def test_ended(self) -> None:
        """pytest has let go of the test's fixtures; what turns up now comes too late for its reports."""
        if self.full:
            if not self._last_failed:
                # Without fixtures there is nothing that pytest let go of only now.
                if not self._nothing_torn_down:
                    if self.sqlite.needs_sweep:
                        self.collector.sweep(free=True)
                    else:
                        self.collector.collect()
                self.collector.freeze()
            self.sqlite.forget_closed()
            self.leftovers.judge_slow_threads()
        self.ledger.end()
        self.warnings.close_filters()

    @harmless
    def attempt_begins(self, item: pytest.Item) -> None:
        if self.full and self._last_failed:
            # pytest keeps a failed test's exception, and so its frames, until the next test's call.
            # It would become garbage of that innocent test.
            self._forget_last_failure()
            self.collector.freeze()
            self._last_failed = False
        owner = owner_of_test(item)
        self.owners.current = owner
        owner.marks = partial(read_marks, item)
        self.ledger.begin(Attempt(item.nodeid, owner), again=item.stash.get(_has_run_key, False))
        item.stash[_has_run_key] = True
        if self.full:
            self.collector.start_saving()

    def _forget_last_failure(self) -> None:
        with own_modules():
            from .held_by_pytest import forget_last_failure
        forget_last_failure()
        self.collector.collect()

    @harmless
    def setup_done(self) -> None:
        attempt = self.ledger.attempt
        if not self.full or attempt is None:
            return
        if not self.fixtures.sweep_setup(attempt) and attempt.wider_swept:
            # The test may drop what they have made, and no sweep after its teardown is certain.
            self.collector.phase_goes_on()

    @harmless
    def sweep_so_far(self) -> None:
        """Before the attempt's phase is over: find what was dropped and what is in cycles, and free it."""
        attempt = self.ledger.attempt
        if attempt is None or not self.full:
            return
        if not attempt.call_begun:
            attempt.cycles_of = self.fixtures.maker_of_cycles(attempt) or attempt.owner
        self.collector.sweep(free=True)
        if self.collector.stopped_early:
            self.note_early_stop(attempt)

    def call_begins(self) -> None:
        self.pushes_before_call = self.contexts.pushes_so_far
        if self.ledger.attempt is not None:
            self.ledger.attempt.call_begun = True

    @harmless
    def call_done(self, passed: bool, own_finalizers: bool) -> None:
        """The test function has returned; its fixtures are still set up."""
        attempt = self.ledger.attempt
        if attempt is None:
            return
        attempt.own_finalizers = own_finalizers or not passed
        if passed and not own_finalizers and self.contexts.any_pushed:
            # What setup_method pushed, teardown_method will pop.
            self._leftover_contexts(attempt.owners_of_test, since=self.pushes_before_call)
        if self.full:
            # A cycle that holds what the test has opened may go through objects that fixtures have made.
            self.collector.sweep(young=not attempt.owner.opened)
            if self.collector.stopped_early:
                self.note_early_stop(attempt)
        attempt.call_swept = True

    @harmless
    def function_fixtures_done(self) -> None:
        """The test and its function fixtures have ended; wider fixtures go on.  May be called twice."""
        attempt = self.ledger.attempt
        if attempt is not None:
            self.responses.close_owned_by(attempt.owner)
            if self.contexts.any_pushed:
                self._leftover_contexts(attempt.owners)

    @harmless
    def teardown_done(self, item: pytest.Item) -> None:
        self.function_fixtures_done()
        attempt = self.ledger.attempt
        if attempt is None:
            return
        if self.full:
            self._nothing_torn_down = (
                attempt.has_only_the_call and not _is_method(item) and not self.collector.holds_garbage
            )
            if self._nothing_torn_down:
                self.collector.stop_saving()
            else:
                self._judge_teardown(attempt, item)
        attempt.owner.ended = True
        self.owners.current = UNKNOWN_OWNER

    def _judge_teardown(self, attempt: Attempt, item: pytest.Item) -> None:
        ended = attempt.owners.union(attempt.ended)
        released: Released | None = None
        if not attempt.failed and self.leftovers.may_be_of(ended):
            with own_modules():
                from .held_by_pytest import release
            # pytest would let go only after the teardown report, which could not name it any more.
            released = release(item)
        try:
            self._sweep_teardown(attempt, until_clean=released is not None)
            if not attempt.failed:
                # By default they are only listed, and nobody waits for a line in a list.
                self._judge_left_open(ended, item, wait=self.settings.strict)
        finally:
            if released is not None:
                released.put_back()

    def _judge_left_open(
        self, owners: set[Owner] | None, item: pytest.Item | None = None, *, wait: bool
    ) -> None:
        began = perf_counter()
        self.leftovers.judge(owners, item, wait=wait)
        self.ledger.cost.add(LEFT_OPEN, began)

    def _sweep_teardown(self, attempt: Attempt, *, until_clean: bool) -> None:
        if self._thaw_needed:
            self._thaw_needed = False
            self.collector.thaw()
        rounds = 1
        # Finalizers may make new garbage: a connection goes back to a pool that is garbage itself.
        while self.collector.sweep(free=until_clean) and until_clean and rounds < _MAX_ROUNDS:
            rounds += 1
        self.collector.stop_saving()
        if self.collector.stopped_early:
            self.note_early_stop(attempt)

    def note_early_stop(self, attempt: Attempt) -> None:
        if attempt.nodeid not in self.ledger.stopped_early:
            self.ledger.stopped_early.append(attempt.nodeid)

    def test_did_not_pass(self) -> None:
        if self.ledger.attempt is not None:
            self.ledger.attempt.fail()
        self._last_failed = True

    @harmless
    def apply_verdict(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """A leak fails a report that would have passed."""
        attempt, when = self.ledger.attempt, report.when
        if attempt is None or attempt.nodeid != item.nodeid:
            return
        if when == "call" and not attempt.call_swept:
            # A subtest's report, in the middle of the test.
            return
        if when != "teardown" and not report.passed:
            self.test_did_not_pass()
        findings: list[Finding] = []
        if not self.ledger.nothing_to_report(attempt, when):
            findings = self.ledger.charges.judge(attempt, when)
        of_test = self.ledger.by_test.get(attempt.nodeid)
        if of_test:
            with own_modules():
                from .report.outcome import apply_findings, attach_findings
            if apply_findings(report, findings, item.name, self._start_path):
                self.ledger.unlogged.add((item.nodeid, report.when))
            of_call = [f for f in of_test if f not in findings] if when == "teardown" else []
            if report.failed and (attempt.failed or any(f.outcome == "failed" for f in of_call)):
                # The call has failed, too, and has a case of its own in JUnit XML.
                of_call = []
            attach_findings(report, findings, of_call, self._config)

    # -- one fixture ---------------------------------------------------------------------------

    def _fixture_ends(self, owner: Owner) -> None:
        if self.responses.holds_contexts and self.contexts.has_pushed(owner):
            self.responses.close_context_holders()

    def _fixture_ended(self, owner: Owner) -> None:
        self.responses.close_owned_by(owner)
        if owner.outlives_test:
            self._leftover_contexts({owner})
            self._thaw_needed = self._thaw_needed or self.leftovers.may_be_of((owner,))
            self.ledger.owner_ended(owner)
            if self.ledger.attempt is not None:
                self.ledger.attempt.ended.append(owner)

    def _leftover_contexts(self, owners: set[Owner], *, since: int = 0) -> None:
        if not self.full or self.ledger.faults:
            # After a fault nobody knows which contexts an open response still holds.
            return
        for birth, push in self.contexts.leaked(owners, self.responses.holds, since):
            name = type(push[0]).__name__
            self.contexts.pop(push)
            self.evidence.of_birth(birth, "left_open", f"{name} is still pushed")


def _at_a_prompt() -> bool:
    """Whether somebody may type ``pdb.pm()`` next, which is what pytest keeps the last failure for."""
    return hasattr(sys, "ps1") or bool(sys.flags.interactive)


def _filters_of_marks(item: pytest.Item) -> list[str]:
    return [arg for mark in item.iter_markers("filterwarnings") for arg in mark.args if isinstance(arg, str)]


def _is_method(item: pytest.Item) -> bool:
    return vars(item).get("_instance") is not None


def _is_below_base_temp(config: pytest.Config, path: str) -> bool:
    """Whether pytest itself removes a directory, sooner or later: it is part of a ``tmp_path``."""
    base = getattr(getattr(config, "_tmp_path_factory", None), "_basetemp", None)
    return base is not None and Path(path).resolve().is_relative_to(base)
