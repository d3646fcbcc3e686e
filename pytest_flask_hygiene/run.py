"""One pytest run: the instruments wired together, and what they report turned into findings."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from _pytest.config import ExitCode

from .births import BirthRecorder
from .checks.contexts import ContextCheck
from .checks.cycles import CycleCheck
from .checks.resource_warnings import ResourceWarningCheck
from .checks.responses import ResponseCheck
from .checks.sqlite import NEEDED as SQLITE_NEEDED
from .checks.sqlite import SqliteCheck
from .collector import Collector
from .evidence import Evidence
from .findings import UNKNOWN_OWNER, Owner
from .imports import PostImport
from .ledger import Attempt, Ledger
from .origin import OriginMap
from .owners import OwnerTracker, owner_of_fixture, owner_of_test
from .report.outcome import apply_findings
from .report.terminal import session_report
from .settings import Settings, read_marks

if TYPE_CHECKING:
    import pytest

_MAX_ROUNDS: Final = 4
_Method = TypeVar("_Method", bound=Callable[..., Any])


def harmless(method: _Method) -> _Method:
    """A fault of ours never breaks a test: it is reported once, as ours, and the method returns None."""

    @wraps(method)
    def guarded(self: Run, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            self.ledger.faults.append(f"{method.__name__}: {type(error).__name__}: {error}")
            return None

    return cast("_Method", guarded)


class Run:
    """The plugin's state for one session.  ``start`` and ``stop`` bracket every patch."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.settings = settings
        self._config = config
        self._start_path = config.invocation_params.dir
        self.origin = OriginMap(config.rootpath, settings.source, config.getini("python_files"))
        self.owners = OwnerTracker()
        self.imports = PostImport()
        self.births = BirthRecorder(self.owners)
        self.ledger = Ledger(settings)
        self.ledger.faults = self.births.faults
        self.evidence = Evidence(
            settings, self.ledger, self.origin, self.owners, lambda text: self.warnings.silenced(text)
        )
        self.warnings = ResourceWarningCheck(self.births, self.evidence.of_warning)
        self.contexts = ContextCheck(self.owners, self.imports)
        self.responses = ResponseCheck(
            self.owners,
            self.births,
            self.imports,
            self.evidence.of_left_response,
            self.evidence.of_closed_upload,
            self.contexts.top,
        )
        self.cycles = CycleCheck(self.origin)
        self.sqlite = SqliteCheck(self.evidence.of_dropped_sqlite)
        self.collector = Collector(
            self._judge_garbage, self._before_collection, self._after_collection, self.sqlite.prepare
        )
        self.imports.when_imported("sqlalchemy.engine.create", self.births.makers.watch_engines)
        self._decisions = _filters_on_record(config)
        self._generation = 0
        self._pushes_before_call = 0
        self._last_failed = False
        self._had_fixtures = False
        self._thaw_needed = False
        self._teardowns: list[Owner] = []
        self._started = False

    @property
    def full(self) -> bool:
        """Everything is checked; else responses and warnings only."""
        return not self.settings.reduced

    # -- the session ---------------------------------------------------------------------------

    def start(self) -> None:
        if self._started:
            return
        self._started = True
        self.imports.start()
        self.births.start()
        self.warnings.start()
        self.owners.watch_threads()
        if self.full and SQLITE_NEEDED:
            self.births.on_sqlite_handle = self.sqlite.connected
            self.births.on_sqlite_connect = self.sqlite.release_dropped

    def stop(self) -> None:
        """Undo every patch; safe to call twice."""
        if not self._started:
            return
        self._started = False
        self.collector.stop()
        self.responses.stop()
        self.warnings.stop()
        self.contexts.stop()
        self.sqlite.stop()
        self.cycles.stop()
        self.owners.stop()
        self.births.stop()
        self.imports.stop()

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """What test modules open when they are imported belongs to their import."""
        self.warnings.open_filters(self._decisions)
        try:
            with self.owners.at_work(Owner("collection", "collection")):
                yield
        finally:
            self.warnings.close_filters()

    @harmless
    def tests_begin(self, items: Iterable[pytest.Item]) -> None:
        """Collection is over: what it made is old."""
        for path in {str(item.path) for item in items}:
            self.origin.add_test_file(path)
        if self.full:
            self.collector.start()
            self.collector.freeze()

    @harmless
    def session_ends(self, session: pytest.Session) -> None:
        """The last sweep: everything that was frozen is looked at."""
        self.warnings.open_filters(self._decisions)
        try:
            self.responses.close_all()
            if self.full:
                if self._last_failed:
                    self._forget_last_failure()
                    self.collector.collect()
                self.collector.thaw()
                self.collector.sweep(free=False)
            self.ledger.flush_pending()
        finally:
            self.warnings.close_filters()
        leaks = [f for f in self.ledger.of_session if f.outcome == "failed"]
        if leaks and session.exitstatus == 0:
            session.exitstatus = ExitCode.TESTS_FAILED
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            for finding in leaks:
                report = session_report(finding, self._start_path)
                reporter.stats.setdefault("error", []).append(report)

    # -- one test ------------------------------------------------------------------------------

    @harmless
    def test_begins(self, item: pytest.Item) -> None:
        self.warnings.open_filters((*self._decisions, *_filters_of_marks(item)))
        self._had_fixtures = True

    @harmless
    def test_ended(self) -> None:
        """pytest has let go of the test's fixtures; what turns up now comes too late for its reports."""
        if self.full:
            if not self._last_failed:
                # Without fixture values there is nothing that pytest let go of only now.
                if self._had_fixtures:
                    if self.sqlite.needs_sweep:
                        self.collector.sweep()
                    else:
                        self.collector.collect()
                self.collector.freeze()
            self.sqlite.forget_closed()
        self.ledger.end()
        self.warnings.close_filters()

    @harmless
    def attempt_begins(self, item: pytest.Item) -> None:
        if self.full and self._last_failed:
            # pytest keeps a failed test's exception, and so its frames, until the next test's call.
            # It would become garbage of that innocent test.
            self._forget_last_failure()
            self.collector.collect()
            self.collector.freeze()
            self._last_failed = False
        owner = owner_of_test(item)
        self.owners.current = owner
        self.ledger.begin(Attempt(item.nodeid, owner, partial(read_marks, item)))
        if self.full:
            self.collector.start_saving()

    @harmless
    def setup_done(self) -> None:
        attempt = self.ledger.attempt
        if not self.full or attempt is None:
            return
        readers = [f for f in attempt.fixtures if self.origin.is_reader(f.path)]
        if readers:
            if len(readers) == 1:
                attempt.cycles_of = readers[0]
            self.collector.sweep()
            attempt.cycles_of = attempt.owner

    @harmless
    def call_begins(self) -> None:
        self._pushes_before_call = self.contexts.pushes_so_far

    @harmless
    def call_done(self, *, passed: bool, own_finalizers: bool) -> None:
        """The test function has returned; its fixtures are still set up."""
        attempt = self.ledger.attempt
        if attempt is None:
            return
        if passed and not own_finalizers:
            # What setup_method pushed, teardown_method will pop.
            self._leftover_contexts({id(attempt.owner)}, since=self._pushes_before_call)
        if self.full:
            self.collector.sweep()
            self._note_early_stop(attempt)
        attempt.call_swept = True

    @harmless
    def function_fixtures_done(self) -> None:
        """The test and its function fixtures have ended; wider fixtures go on.  May be called twice."""
        attempt = self.ledger.attempt
        if attempt is not None:
            self.responses.close_owned_by(attempt.owner)
            self._leftover_contexts(attempt.owner_ids)

    @harmless
    def teardown_done(self, item: pytest.Item) -> None:
        self.function_fixtures_done()
        attempt = self.ledger.attempt
        if attempt is None:
            return
        released = self._release_fixture_values(item, attempt)
        if self.full:
            if self._thaw_needed:
                self._thaw_needed = False
                self.collector.thaw()
            rounds = 1
            # Finalizers may make new garbage: a connection goes back to a pool that is garbage itself.
            while self.collector.sweep() and released and rounds < _MAX_ROUNDS:
                rounds += 1
            self.collector.stop_saving()
            self._note_early_stop(attempt)
        for name, reference in released.items():
            item.funcargs[name] = reference()  # type: ignore[attr-defined]
        attempt.owner.ended = True
        self._had_fixtures = bool(getattr(item, "funcargs", None))
        self.owners.current = UNKNOWN_OWNER

    def _release_fixture_values(self, item: pytest.Item, attempt: Attempt) -> dict[str, Callable[[], object]]:
        """pytest lets go of fixture values only after the teardown report.

        When this test or a fixture that has ended seems to have something open, let go now, so that the
        report can name it.  What others hold is put back, for plugins that look at ``item.funcargs``.
        """
        funcargs: dict[str, Any] | None = getattr(item, "funcargs", None)
        if not funcargs or attempt.failed:
            return {}
        if not self._may_have_left_open(attempt.owner_ids | {id(o) for o in attempt.ended}):
            return {}
        released: dict[str, Callable[[], object]] = {}
        for name, value in funcargs.items():
            try:
                released[name] = weakref.ref(value)
            except TypeError:
                released[name] = _nothing
        value = None
        funcargs.clear()
        return released

    def _may_have_left_open(self, owners: set[int]) -> bool:
        if any(True for _ in self.births.open_files(owners)) or self.births.open_directories(owners):
            return True
        return any(id(birth.owner) in owners and not birth.reported for birth in self.births.by_id.values())

    def _note_early_stop(self, attempt: Attempt) -> None:
        if self.collector.stopped_early and attempt.nodeid not in self.ledger.stopped_early:
            self.ledger.stopped_early.append(attempt.nodeid)

    def test_did_not_pass(self) -> None:
        if self.ledger.attempt is not None:
            self.ledger.attempt.fail()
        self._last_failed = True

    def apply_verdict(self, item: pytest.Item, report: pytest.TestReport) -> pytest.TestReport:
        """A leak fails a report that would have passed."""
        try:
            self._apply_verdict(item, report)
        except Exception as error:
            self.ledger.faults.append(f"verdict: {type(error).__name__}: {error}")
        return report

    def _apply_verdict(self, item: pytest.Item, report: pytest.TestReport) -> None:
        attempt = self.ledger.attempt
        if attempt is None or attempt.nodeid != item.nodeid:
            return
        if report.when == "setup":
            if not report.passed:
                self.test_did_not_pass()
            return
        if report.when == "call":
            if not attempt.call_swept:
                # A subtest's report, in the middle of the test.
                return
            if not report.passed:
                self.test_did_not_pass()
            findings = self.ledger.judge_call(attempt)
        else:
            findings = self.ledger.judge_teardown(attempt)
        if findings:
            apply_findings(report, findings, item.name, self._start_path)

    @staticmethod
    def _forget_last_failure() -> None:
        for name in ("last_type", "last_value", "last_traceback", "last_exc"):
            if hasattr(sys, name):
                delattr(sys, name)

    # -- one fixture ---------------------------------------------------------------------------

    @harmless
    def fixture_begins(self, fixturedef: pytest.FixtureDef[Any], item: pytest.Item | None) -> Owner:
        attempt = self.ledger.attempt
        test = attempt.owner if attempt is not None else None
        owner = owner_of_fixture(fixturedef, test)
        if attempt is not None:
            if item is not None and not attempt.fixtures:
                # The item's first finalizer runs after those of all its function fixtures.
                item.addfinalizer(self.function_fixtures_done)
            if owner.scope == "function":
                attempt.fixtures.append(owner)
        fixturedef.addfinalizer(partial(self._fixture_ended, owner))
        return owner

    @harmless
    def fixture_set_up(self, fixturedef: pytest.FixtureDef[Any], owner: Owner) -> None:
        fixturedef.addfinalizer(partial(self._fixture_ends, owner))

    @harmless
    def _fixture_ends(self, owner: Owner) -> None:
        """Runs before the fixture's own finalizers."""
        self._teardowns.append(self.owners.current)
        self.owners.current = owner
        if self.responses.holds_contexts and self.contexts.has_pushed(owner):
            self.responses.close_context_holders()

    @harmless
    def _fixture_ended(self, owner: Owner) -> None:
        """Runs after the fixture's own finalizers."""
        if self._teardowns:
            self.owners.current = self._teardowns.pop()
        if owner.is_test:
            return
        self.responses.close_owned_by(owner)
        if owner.outlives_test:
            self._leftover_contexts({id(owner)})
            self._thaw_needed = self._thaw_needed or self._may_have_left_open({id(owner)})
            self.ledger.owner_ended(owner)
            if self.ledger.attempt is not None:
                self.ledger.attempt.ended.append(owner)

    def _leftover_contexts(self, owners: set[int], *, since: int = 0) -> None:
        if not self.full:
            return
        for birth, push in self.contexts.leaked(owners, self.responses.holds, since):
            name = type(push[0]).__name__
            self.contexts.pop(push)
            self.evidence.of_birth(birth, "left_open", f"{name} is still pushed")

    # -- collections ---------------------------------------------------------------------------

    def _before_collection(self, generation: int) -> None:
        self._generation = generation
        if SQLITE_NEEDED:
            self.sqlite.before_collection(generation)

    def _after_collection(self, saved: list[object] | None) -> None:
        if SQLITE_NEEDED:
            self.sqlite.after_collection(saved, self._generation)

    def _judge_garbage(self, garbage: list[object]) -> None:
        try:
            if SQLITE_NEEDED:
                self.sqlite.judge(garbage)
            judgement = self.cycles.judge(garbage)
        except Exception as error:
            self.ledger.faults.append(f"cycle check: {type(error).__name__}: {error}")
            return
        attempt = self.ledger.attempt
        if judgement is None or attempt is None or attempt.failed:
            return
        self.evidence.of_cycles(judgement, attempt)


def _nothing() -> None:
    """Stands for a value that can't be referred to weakly."""


def _filters_on_record(config: pytest.Config) -> tuple[str, ...]:
    """The warning filters that the user wrote, as text."""
    ini = config.getini("filterwarnings")
    command_line = getattr(config.known_args_namespace, "pythonwarnings", None) or []
    return (*ini, *command_line)


def _filters_of_marks(item: pytest.Item) -> list[str]:
    return [arg for mark in item.iter_markers("filterwarnings") for arg in mark.args if isinstance(arg, str)]
