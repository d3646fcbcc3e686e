"""The instruments of one pytest run, wired together: what is watched from its start to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from time import perf_counter
from typing import TYPE_CHECKING

from . import own_modules
from .births import BirthRecorder
from .checks.cycles import CycleCheck
from .checks.resource_warnings import ResourceWarningCheck
from .checks.stand_ins import SQLITE_NEEDED, NoContexts, NoResponses, NoSqlite
from .collector import Collector
from .cost import CYCLES
from .faults import harmless
from .findings import Owner
from .imports import PostImport
from .ledger import Ledger
from .origin import OriginMap
from .owners import OwnerTracker
from .threads import ThreadRecorder

if TYPE_CHECKING:
    from types import ModuleType

    import pytest

    from .checks.contexts import ContextCheck
    from .checks.resources import ResourceCheck
    from .checks.responses import ResponseCheck
    from .checks.sqlite import SqliteCheck
    from .evidence import Evidence
    from .settings import Settings


class Instruments:
    """What watches one pytest run.  Whatever it replaces, it replaces between ``start`` and ``stop``."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.settings = settings
        self.full = not settings.reduced
        """Everything is checked; else responses and warnings only, on an interpreter that is not tested."""
        self._config = config
        self.origin = OriginMap(config.rootpath, settings.source, _patterns_of_test_files(config))
        self.owners = OwnerTracker()
        self.imports = PostImport(lambda error: self.births.faults.add("imports", error))
        self.births = BirthRecorder(self.owners)
        self.threads = ThreadRecorder(self.owners, self.births)
        self.ledger = Ledger(settings, config.rootpath)
        if settings.baseline is not None:
            # Read now: a file that can't be read is a usage error, and not a fault of the first finding.
            _ = self.ledger.verdict
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
        self._decisions = _filters_on_record(config)
        """The user's filters of warnings, except those of marks."""
        self._generation = 0
        """The oldest one that the collection under way looks at."""
        self._started = False

    # -- what is loaded when it is first needed ------------------------------------------------

    @cached_property
    def evidence(self) -> Evidence:
        with own_modules():
            from .evidence import Evidence
        return Evidence(
            self.settings, self.ledger, self.origin, self.owners, lambda text: self.warnings.silenced(text)
        )

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
        """Watch the types that a plugin's hook ``pytest_hygiene_resources`` names.

        Raises :class:`pytest.UsageError` for an answer that the plugin can't have meant.
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

    # -- start and stop ------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to watch; safe to call twice."""
        if self._started:
            return
        self._started = True
        self._each(self.imports.start, self.births.start, self.warnings.start, self.threads.start)
        if self.full and SQLITE_NEEDED:
            self.births.on_sqlite_handle = self.sqlite.connected
            self.births.on_sqlite_connect = self.sqlite.release_dropped
            self._each(self.collector.watch)

    def stop(self) -> None:
        """Undo every replacement; safe to call twice."""
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
                from .usage import MESSAGES
            # The summary has been printed by now.
            for line in (*fault_lines(late), f"see: {MESSAGES}"):
                reporter.write_line(line)

    def _each(self, *steps: Callable[[], object]) -> None:
        """Take each step, whatever becomes of the others."""
        for step in steps:
            try:
                step()
            except Exception as error:
                self.ledger.faults.add("start or stop", error)

    def watch_finalizers(self) -> None:
        self._each(self.warnings.watch_finalizers)

    def unwatch_finalizers(self) -> None:
        self._each(self.warnings.unwatch_finalizers)

    # -- until the first test ------------------------------------------------------------------

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
        """Collection is over: what it has made is taken out of the garbage collector's sight."""
        for path in {str(item.path) for item in items}:
            self.origin.add_test_file(path)
        if self.full:
            with self.collecting():
                # A run around this one collects what is garbage by now.
                self.collector.start()
            self.collector.freeze()

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
        # Of a test that did not pass its traceback may have held it; of a wider fixture it did not.
        if judgement is None or attempt is None or attempt.cycles_of.failed:
            return
        self.evidence.of_cycles(judgement, attempt)


def _patterns_of_test_files(config: pytest.Config) -> list[str]:
    try:
        return list(config.getini("python_files"))
    except ValueError:
        return []  # "-p no:python": only a conftest is known by its name


def _filters_on_record(config: pytest.Config) -> tuple[str, ...]:
    """The warning filters that the user wrote, as text."""
    ini = config.getini("filterwarnings")
    command_line = getattr(config.known_args_namespace, "pythonwarnings", None) or []
    return (*ini, *command_line)
