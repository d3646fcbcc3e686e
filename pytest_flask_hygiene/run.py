"""One pytest run: the instruments wired together, and what they report turned into findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from _pytest.config import ExitCode

from . import own_modules
from .births import BirthRecorder
from .checks.cycles import CycleCheck
from .checks.resource_warnings import ResourceWarningCheck
from .checks.stand_ins import SQLITE_NEEDED, NoContexts, NoResponses, NoSqlite
from .collector import Collector
from .cost import CYCLES, END, LEFT_OPEN
from .findings import UNKNOWN_OWNER, Owner
from .fixture_life import FixtureLife
from .held_by_pytest import Released, forget_last_failure, has_instance, holds_values
from .imports import PostImport
from .ledger import Attempt, Ledger, harmless
from .leftovers import Leftovers
from .origin import OriginMap
from .owners import OwnerTracker, owner_of_test
from .settings import Settings, read_marks
from .threads import ThreadRecorder

if TYPE_CHECKING:
    from types import ModuleType

    import pytest

    from .blocks import Blocks
    from .checks.contexts import ContextCheck
    from .checks.resources import ResourceCheck
    from .checks.responses import ResponseCheck
    from .checks.sqlite import SqliteCheck
    from .evidence import Evidence
    from .findings import Finding

_MAX_ROUNDS: Final = 4


class Run:
    """The plugin's state for one session.  ``start`` and ``stop`` bracket every patch."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.settings = settings
        self.full = not settings.reduced
        """Everything is checked; else responses and warnings only."""
        self._config = config
        self._start_path = config.invocation_params.dir
        self.origin = OriginMap(config.rootpath, settings.source, config.getini("python_files"))
        self.owners = OwnerTracker()
        self.imports = PostImport(lambda error: self.births.faults.add("imports", error))
        self.births = BirthRecorder(self.owners)
        self.threads = ThreadRecorder(self.owners, self.births)
        self.ledger = Ledger(settings, config.rootpath)
        if settings.baseline is not None:
            _ = self.ledger.verdict  # it can be read
        self.ledger.faults = self.births.faults
        self.warnings = ResourceWarningCheck(self.births, lambda emission: self.evidence.of_warning(emission))
        self.contexts: ContextCheck | NoContexts = NoContexts()
        self.responses: ResponseCheck | NoResponses = NoResponses()
        self.resources: ResourceCheck | None = None
        self.cycles = CycleCheck(self.origin)
        self.sqlite: SqliteCheck | NoSqlite = self._sqlite_check()
        self.collector = Collector(
            self._judge_garbage,
            partial(self.ledger.faults.add, "collector"),
            self.ledger.cost,
            before=self._before_collection if SQLITE_NEEDED else None,
            after=self._after_collection if SQLITE_NEEDED else None,
            prepare=self.sqlite.prepare if SQLITE_NEEDED else None,
        )
        when_imported = self.imports.when_imported
        when_imported("flask.ctx", lambda module: self._context_check().watch_pushes(module))
        when_imported("flask.app", lambda module: self._context_check().expect_wsgi_app(module))
        when_imported("flask.testing", lambda module: self._context_check().watch_clients(module))
        when_imported("werkzeug.test", self._watch_responses)
        when_imported("sqlalchemy.engine.create", self.births.makers.watch_engines)
        self.fixtures = FixtureLife(
            self.ledger, self.owners, self._fixture_ends, self._fixture_ended, self.function_fixtures_done
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
        self._decisions = _filters_on_record(config)
        self._generation = 0
        self.pushes_before_call = 0
        self._last_failed = False
        self._nothing_torn_down = False
        self._thaw_needed = False
        self._started = False

    # -- what is loaded when it is first needed ------------------------------------------------

    @cached_property
    def evidence(self) -> Evidence:
        with own_modules():
            from .evidence import Evidence
        return Evidence(
            self.settings, self.ledger, self.origin, self.owners, lambda text: self.warnings.silenced(text)
        )

    @cached_property
    def blocks(self) -> Blocks:
        """Of ``hygiene.allow()``."""
        with own_modules():
            from .blocks import Blocks
        return Blocks(self.owners, self.ledger, self.sweep_so_far)

    def _sqlite_check(self) -> SqliteCheck | NoSqlite:
        if not SQLITE_NEEDED:
            return NoSqlite()
        with own_modules():
            from .checks.sqlite import SqliteCheck
        return SqliteCheck(lambda birth, text: self.evidence.of_dropped(birth, text))

    def _context_check(self) -> ContextCheck:
        if isinstance(self.contexts, NoContexts):
            with own_modules():
                from .checks.contexts import ContextCheck
            self.contexts = ContextCheck(self.owners, partial(self.ledger.faults.add, "contexts"))
        return self.contexts

    def _watch_responses(self, module: ModuleType) -> None:
        with own_modules():
            from .checks.responses import ResponseCheck
        self.responses = check = ResponseCheck(
            self.owners,
            self.births,
            lambda left: self.evidence.of_left_response(left),
            lambda birth: self.evidence.of_closed_upload(birth),
            lambda: self.contexts,
        )
        check.wrap(module)

    def ask_for_resources(self, plugin: object, name: str) -> None:
        """A plugin that has the hook ``pytest_hygiene_resources`` is there.

        Raises :class:`pytest.UsageError` for what it can't have meant.
        """
        if not self.full:
            return
        with own_modules():
            from .checks.resources import ResourceCheck
            from .resource_hook import ask
        if self.resources is None:
            self.resources = ResourceCheck(
                self.owners,
                self.births,
                lambda birth, text: self.evidence.of_dropped(birth, text),
                self.warnings.while_finalized,
                self.ledger.others_faults,
            )
        ask(self._config, plugin, name, self.resources.watch)

    # -- the session ---------------------------------------------------------------------------

    def start(self) -> None:
        if self._started:
            return
        self._started = True
        self._each(self.imports.start, self.births.start, self.warnings.start, self.threads.start)
        if self.full and SQLITE_NEEDED:
            self.births.on_sqlite_handle = self.sqlite.connected
            self.births.on_sqlite_connect = self.sqlite.release_dropped
            self._each(self.collector.watch)

    def stop(self) -> None:
        """Undo every patch; safe to call twice."""
        if not self._started:
            return
        self._started = False
        listed = len(self.ledger.faults)
        self._each(
            self.collector.stop,
            self.responses.stop,
            self.warnings.stop,
            self.contexts.stop,
            self.sqlite.stop,
            *([self.resources.stop] if self.resources is not None else []),
            self.cycles.stop,
            self.threads.stop,
            self.births.stop,
            self.imports.stop,
        )
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        late = self.ledger.faults[listed:]
        if reporter is not None and late:
            with own_modules():
                from .report.terminal import fault_lines
            # Too late for the summary.
            for line in fault_lines(late):
                reporter.write_line(line)

    def _each(self, *steps: Callable[[], object]) -> None:
        """Each step, whatever becomes of the others."""
        for step in steps:
            try:
                step()
            except Exception as error:
                self.ledger.faults.add("start or stop", error)

    def watch_finalizers(self) -> None:
        self._each(self.warnings.watch_finalizers)

    def unwatch_finalizers(self) -> None:
        self._each(self.warnings.unwatch_finalizers)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """What test modules open when they are imported belongs to their import."""
        before, self.owners.current = self.owners.current, Owner("collection", "collection")
        self._each(partial(self.warnings.open_filters, lambda: self._decisions))
        try:
            yield
        finally:
            self._each(self.warnings.close_filters)
            self.owners.current = before

    @harmless
    def tests_begin(self, items: Iterable[pytest.Item]) -> None:
        """Collection is over: what it made is old."""
        for path in {str(item.path) for item in items}:
            self.origin.add_test_file(path)
        if self.full:
            with self.collecting():
                # A run around this one collects what is garbage by now.
                self.collector.start()
            self.collector.freeze()

    @harmless
    def session_ends(self, session: pytest.Session) -> None:
        """The last sweep: everything that was frozen is looked at."""
        self.warnings.open_filters(lambda: self._decisions)
        try:
            self.responses.close_all()
            if self.full:
                if self._last_failed:
                    forget_last_failure()
                    self.collector.collect()
                self.collector.thaw()
                self.collector.cost_part = END
                self.collector.sweep()
                self._judge_left_open(None, wait=True)
            self.ledger.flush_pending()
        finally:
            self.warnings.close_filters()
        if self.ledger.what_ran is not None and not hasattr(session.config, "workerinput"):
            with own_modules():
                from .decisions import judge_decisions
            judge_decisions(session, self.ledger, self.settings, self.ledger.what_ran)
        leaks = [f for f in self.ledger.outside_tests if f.outcome == "failed"]
        if (leaks or self.ledger.stale) and session.exitstatus in (ExitCode.OK, ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = ExitCode.TESTS_FAILED
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and leaks:
            with own_modules():
                from .report.terminal import session_report
            for finding in leaks:
                report = session_report(finding, self._start_path)
                reporter.stats.setdefault("error", []).append(report)
        if reporter is not None and self.ledger.stale:
            with own_modules():
                from .report.decisions import stale_report
            reporter.stats.setdefault("error", []).extend(map(stale_report, self.ledger.stale))

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
            forget_last_failure()
            self.collector.collect()
            self.collector.freeze()
            self._last_failed = False
        owner = owner_of_test(item)
        self.owners.current = owner
        owner.marks = partial(read_marks, item)
        self.ledger.begin(Attempt(item.nodeid, owner))
        if self.full:
            self.collector.start_saving()

    @harmless
    def setup_done(self) -> None:
        attempt = self.ledger.attempt
        if not self.full or attempt is None:
            return
        if not self._sweep_setup(attempt) and attempt.wider_swept:
            # The test may drop what they have made, and no sweep after its teardown is certain.
            self.collector.phase_goes_on()

    def _sweep_setup(self, attempt: Attempt) -> bool:
        """What the function fixtures have made so far.  False if there are none of the reader's."""
        readers = [f for f in attempt.fixtures if self.origin.is_reader(f.path)]
        if readers:
            self._sweep_for(attempt, readers[0] if len(readers) == 1 else attempt.owner)
        return bool(readers)

    def _sweep_for(self, attempt: Attempt, owner: Owner) -> None:
        attempt.cycles_of = owner
        self.collector.sweep(young=True)
        self.collector.phase_begins()
        attempt.cycles_of = attempt.owner

    @harmless
    def wider_fixture_begins(self) -> None:
        """Whoever is at work in a test's setup stands back; the cycles made so far are theirs."""
        attempt, at_work = self.ledger.attempt, self.owners.current
        if not self.full or attempt is None or attempt.call_begun:
            return
        if not at_work.is_fixture:
            self._sweep_setup(attempt)
        elif self.origin.is_reader(at_work.path):
            self._sweep_for(attempt, at_work)

    @harmless
    def wider_fixture_done(self, owner: Owner) -> None:
        """It has been set up for a test, which is not to blame for the cycles that it made."""
        attempt = self.ledger.attempt
        if not self.full or attempt is None or attempt.call_begun or not self.origin.is_reader(owner.path):
            return
        self._sweep_for(attempt, owner)
        attempt.wider_swept = True

    @harmless
    def sweep_so_far(self) -> None:
        """Before the attempt's phase is over: find what was dropped and what is in cycles, and free it."""
        attempt = self.ledger.attempt
        if attempt is None or not self.full:
            return
        if not attempt.call_begun:
            readers = [f for f in attempt.fixtures if self.origin.is_reader(f.path)]
            attempt.cycles_of = readers[0] if len(readers) == 1 else attempt.owner
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
                attempt.has_only_the_call and not has_instance(item) and not self.collector.holds_garbage
            )
            if self._nothing_torn_down:
                self.collector.stop_saving()
            else:
                self._judge_teardown(attempt, item)
        attempt.owner.ended = True
        self.owners.current = UNKNOWN_OWNER

    def _judge_teardown(self, attempt: Attempt, item: pytest.Item) -> None:
        ended = attempt.owners.union(attempt.ended)
        released = None
        if not attempt.failed and self.leftovers.may_be_of(ended) and holds_values(item):
            # pytest would let go only after the teardown report, which could not name it any more.
            released = Released(item)
        self._sweep_teardown(attempt, until_clean=released is not None)
        if not attempt.failed:
            # By default they are only listed, and nobody waits for a line in a list.
            self._judge_left_open(ended, item, wait=self.settings.strict)
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
            findings = (self.ledger.judge_call if when == "call" else self.ledger.judge_teardown)(attempt)
        of_test = self.ledger.by_test.get(attempt.nodeid)
        if of_test:
            with own_modules():
                from .report.outcome import apply_findings, attach_findings
            apply_findings(report, findings, item.name, self._start_path)
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

    # -- collections ---------------------------------------------------------------------------

    # Called by the collector, where Python would print an exception and go on.
    @harmless
    def _before_collection(self, generation: int) -> None:
        self._generation = generation
        self.sqlite.before_collection(generation)

    @harmless
    def _after_collection(self, saved: list[object] | None) -> None:
        self.sqlite.after_collection(saved, self._generation)

    def _judge_garbage(self, garbage: list[object]) -> None:
        began = perf_counter()
        try:
            if SQLITE_NEEDED:
                self.sqlite.judge(garbage)
            judgement = self.cycles.judge(garbage)
            self.ledger.cost.add(CYCLES, began)
        except Exception as error:
            self.ledger.faults.add("cycle check", error)
            return
        attempt = self.ledger.attempt
        if judgement is None or attempt is None or attempt.failed:
            return
        self.evidence.of_cycles(judgement, attempt)


def _filters_on_record(config: pytest.Config) -> tuple[str, ...]:
    """The warning filters that the user wrote, as text."""
    ini = config.getini("filterwarnings")
    command_line = getattr(config.known_args_namespace, "pythonwarnings", None) or []
    return (*ini, *command_line)


def _filters_of_marks(item: pytest.Item) -> list[str]:
    return [arg for mark in item.iter_markers("filterwarnings") for arg in mark.args if isinstance(arg, str)]


def _is_below_base_temp(config: pytest.Config, path: str) -> bool:
    """Whether pytest itself removes a directory, sooner or later: it is part of a ``tmp_path``."""
    base = getattr(getattr(config, "_tmp_path_factory", None), "_basetemp", None)
    return base is not None and Path(path).resolve().is_relative_to(base)
