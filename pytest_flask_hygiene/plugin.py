"""pytest's hooks, in the order in which a run calls them; each delegates to ``run.py``.  And the fixtures.

PYTEST_DONT_REWRITE (see the package)
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import _pytest.python
import pytest

from . import own_modules
from .options import MARKER_HELP, add_options
from .settings import Settings, read_mode, read_settings, validate_marks

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter
    from flask.testing import FlaskClient

    from .dev_server.plugin import DevServerFactory
    from .findings import Owner
    from .fixtures import Hygiene
    from .report.files import ReportFiles
    from .run import Run
    from .workers import Controller, Worker

#: pytest sets up the value of a ``parametrize`` with this function, as a fixture, which runs nobody's code.
_DIRECT_PARAMETER: Final = getattr(_pytest.python, "get_direct_param_fixture_func", object())

run_key = pytest.StashKey["Run"]()
hooks_key = pytest.StashKey["Hooks"]()
settings_key = pytest.StashKey[Settings]()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    with own_modules():
        from . import hookspecs
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    # Early, so that we see what conftest files and the modules that they import open, and so that our hooks
    # are inside the wrappers of every conftest file, which then see the verdict.
    _activate(early_config)
    run = early_config.stash.get(run_key, None)
    if run is None:
        return (yield)
    run.watch_finalizers()
    try:
        with run.collecting():
            return (yield)
    finally:
        # Before pytest_configure, where pytest sets a hook of its own; ours is set again behind it.
        run.unwatch_finalizers()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER_HELP)
    settings = config.stash[settings_key] = read_settings(config)
    if settings.mode != "off":
        _activate(config)
        run = config.stash[run_key]
        run.watch_finalizers()
        if settings.strict or settings.baseline is not None:
            with own_modules():
                from .what_ran import WhatRan
            run.ledger.what_ran = WhatRan(config)
            config.pluginmanager.register(run.ledger.what_ran, "flask_hygiene_what_ran")
        _connect_workers(config, run, config.stash[hooks_key])
        if settings.reports and not hasattr(config, "workerinput"):
            with own_modules():
                from .report.files import ReportFiles
            files = config.stash[hooks_key].files = ReportFiles(config, settings.reports)
            config.pluginmanager.register(files, "flask_hygiene_reports")


def _activate(config: pytest.Config) -> None:
    """Start the run, and register its hooks; nothing if that is done already, or if the plugin is off."""
    if run_key in config.stash or read_mode(config) == "off":
        return
    began = perf_counter()
    with own_modules():
        from .cost import START
        from .run import Run
    settings = read_settings(config)
    if settings.explain:
        # This class takes the place of the other.
        with own_modules():
            from .explain import ExplainingRun as Run
    run = config.stash[run_key] = Run(config, settings)
    run.start()
    # Also where pytest_configure is never reached: after a usage error, or with a broken conftest file.
    config.add_cleanup(run.stop)
    hooks = config.stash[hooks_key] = Hooks(run)
    config.pluginmanager.register(hooks, "flask_hygiene_hooks")
    run.ledger.cost.seconds += perf_counter() - began
    run.ledger.cost.add(START, began)


def _connect_workers(config: pytest.Config, run: Run, hooks: Hooks) -> None:
    """Register what sends or merges findings, where pytest-xdist is in use."""
    if hasattr(config, "workerinput"):
        with own_modules():
            from .workers import Worker
        worker = hooks.worker = Worker(run.ledger)
        config.pluginmanager.register(worker, "flask_hygiene_worker")
    elif getattr(config.option, "dist", "no") != "no":
        with own_modules():
            from .workers import Controller
        controller = hooks.controller = Controller(run.ledger, each=config.option.dist == "each")
        config.pluginmanager.register(controller, "flask_hygiene_controller")


def pytest_report_header(config: pytest.Config) -> str | None:
    settings = config.stash.get(settings_key, None)
    return settings.header if settings is not None and settings.mode != "off" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    try:
        validate_marks(items)
    except pytest.UsageError as error:
        hooks = config.stash.get(hooks_key, None)
        if hooks is not None and hooks.worker is not None:
            hooks.worker.usage_error = str(error)
        raise
    if any("hygiene_client" in getattr(item, "fixturenames", ()) for item in items):
        with own_modules():
            from .client_fixture import register
        register(config)


@pytest.fixture
def hygiene(request: pytest.FixtureRequest) -> Iterator[Hygiene]:
    """Ask for this test's leaks before it ends, or allow some of them.

    ``hygiene.check()`` fails if there are any; ``with hygiene.allow("file"):``; ``hygiene.findings``.
    """
    with own_modules():
        from .fixtures import Hygiene
    asked = Hygiene(request, request.config.stash.get(run_key, None))
    try:
        yield asked
    finally:
        asked.close()


@pytest.fixture
def hygiene_client(app: Any) -> FlaskClient:
    """Give the test client of the suite's own fixture ``app``: ``app.test_client()``, not entered."""
    __tracebackhide__ = True
    with own_modules():
        from .client_fixture import make_client
    return make_client(app)


@pytest.fixture
def dev_server(request: pytest.FixtureRequest) -> Iterator[DevServerFactory]:
    """Start an application under ``flask run --debug``; report what it leaves behind when it is reloaded.

    ``server = dev_server("shop:create_app")``; ``server.get("/")``; ``server.reload().check()``.
    """
    with own_modules():
        from .dev_server.plugin import DevServerFactory
    stash = request.config.stash
    factory = DevServerFactory(request, stash[settings_key], stash.get(run_key, None))
    try:
        yield factory
    finally:
        factory.close()


class Hooks:
    """The hooks of one run.  Registered only where the plugin is not off."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.worker: Worker | None = None
        """In a worker process of pytest-xdist."""
        self.controller: Controller | None = None
        """In the process that has started such workers."""
        self.files: ReportFiles | None = None
        """Where a report was asked for, in the process that prints the summary."""
        self.collecting = False
        self.unusable: list[pytest.UsageError] = []
        """Usage errors of conftest files that were loaded during collection."""

    # pluggy calls it also for plugins that were registered before this one.
    def pytest_plugin_registered(self, plugin: object, plugin_name: str) -> None:
        if getattr(plugin, "pytest_hygiene_resources", None) is not None:
            try:
                self.run.ask_for_resources(plugin, plugin_name)
            except pytest.UsageError as error:
                if not self.collecting:
                    raise
                # Raised here, it would be an error of the conftest file's directory, with a traceback.
                self.unusable.append(error)

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        self.collecting = True
        try:
            with self.run.collecting():
                result = yield
        finally:
            self.collecting = False
        if self.unusable:
            if self.worker is not None:
                self.worker.usage_error = str(self.unusable[0])
            raise self.unusable[0]
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        self.run.tests_begin(session.items)
        return (yield)

    # Not tryfirst, and so inside pytest's own wrapper, which sets up the warning filters of the test.
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.run.test_begins(item)
        try:
            return (yield)
        finally:
            self.run.test_ended()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        self.run.attempt_begins(item)
        result = yield
        self.run.setup_done()
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        if fixturedef.func is _DIRECT_PARAMETER:
            return (yield)
        item = getattr(request, "_pyfuncitem", None)
        owner: Owner | None = self.run.fixtures.begins(fixturedef, item)
        if owner is None:
            # ``begins`` has met a fault of ours.
            return (yield)
        try:
            if owner.outlives_test:
                self.run.fixtures.wider_begins()
            before, self.run.owners.current = self.run.owners.current, owner
            try:
                result = yield
                if owner.outlives_test:
                    self.run.fixtures.wider_is_set_up(owner)
                return result
            finally:
                self.run.owners.current = before
        finally:
            self.run.fixtures.is_set_up(fixturedef, owner)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        finalizers = _count_finalizers(item)
        self.run.call_begins()
        try:
            result = yield
        except (KeyboardInterrupt, pytest.exit.Exception):
            # The user wants out, and need not wait for a sweep.
            self.run.test_did_not_pass()
            raise
        except BaseException:
            self.run.call_done(False, False)
            raise
        self.run.call_done(True, _count_finalizers(item) > finalizers)
        return result

    # Neither tryfirst nor trylast: wrappers of conftest files see the verdict, and pytest's own, which turns
    # xfail and skip into outcomes, has come before it.
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self.run.apply_verdict(item, report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        try:
            return (yield)
        finally:
            self.run.teardown_done(item)

    # Inside every other wrapper (pytest-xdist's sends the results home, the terminal's prints the summary)
    # and after pytest's own hook, which ends the fixtures that are left; also after one that raises.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        known_status = None
        try:
            yield
            known_status = exitstatus
        finally:
            self._session_ends(session, known_status)

    def _session_ends(self, session: pytest.Session, exitstatus: int | None) -> None:
        """``exitstatus``: None if another plugin's hook has raised."""
        run = self.run
        if self.controller is not None:
            self.controller.gather()
        run.session_ends(session)
        if self.worker is not None:
            self.worker.session_ended(session)
        elif not run.ledger.is_empty:
            with own_modules():
                from .report.session import report_session
            report_session(session.config, run.ledger, run.settings, exitstatus)
        if self.files is not None:
            self.files.write(session, run.ledger)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter, config: pytest.Config) -> None:
        with own_modules():
            from .report import print_summary
        print_summary(terminalreporter, self.run.ledger, self.run.settings, config)

    # First, while what pytest has set up still stands: the terminal, and its hook for unraisable exceptions.
    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        self.run.stop()


def _count_finalizers(item: pytest.Item) -> int:
    """How many finalizers the item has of its own, as by ``request.addfinalizer`` in the test function."""
    # ``SetupState.stack``: for each node its finalizers, and the exception of its setup.
    stack = getattr(getattr(item.session, "_setupstate", None), "stack", {})
    entry = stack.get(item)
    return len(entry[0]) if entry else 0
