"""pytest's hooks, in the order of one test's life; each delegates.

PYTEST_DONT_REWRITE (see the package)
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import _pytest.python
import pytest

from . import own_modules
from .settings import MARKER_HELP, Settings, add_options, read_mode, read_settings, validate_marks

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter
    from flask.testing import FlaskClient

    from .dev_server.plugin import DevServerFactory
    from .findings import Owner
    from .fixtures import Hygiene
    from .report.files import ReportFiles
    from .run import Run
    from .workers import Controller, Worker

#: The value of a ``parametrize`` is a fixture as well, and runs nobody's code.
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
    # What conftest files and the modules they import open is born here.  Registering the hooks now also
    # puts them inside the wrappers of every conftest, which then see the verdict.
    _activate(early_config)
    run = early_config.stash.get(run_key, None)
    if run is None:
        return (yield)
    run.watch_finalizers()
    try:
        with run.collecting():
            return (yield)
    finally:
        # pytest is about to set a hook of its own; see pytest_configure.
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
    if run_key in config.stash or read_mode(config) == "off":
        return
    began = perf_counter()
    with own_modules():
        from .cost import START
        from .run import Run
    settings = read_settings(config)
    if settings.explain:
        with own_modules():
            from .explain import ExplainingRun as Run
    run = config.stash[run_key] = Run(config, settings)
    run.start()
    # Also when pytest_configure is never reached: a usage error, a broken conftest.
    config.add_cleanup(run.stop)
    hooks = config.stash[hooks_key] = Hooks(run)
    config.pluginmanager.register(hooks, "flask_hygiene_hooks")
    run.ledger.cost.seconds += perf_counter() - began
    run.ledger.cost.add(START, began)


def _connect_workers(config: pytest.Config, run: Run, hooks: Hooks) -> None:
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
    validate_marks(items)
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
    """Registered only where the plugin is not off."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.worker: Worker | None = None
        self.controller: Controller | None = None
        self.files: ReportFiles | None = None
        self.collecting = False
        self.unusable: list[pytest.UsageError] = []

    # Called for those that were there before, too.
    def pytest_plugin_registered(self, plugin: object, plugin_name: str) -> None:
        if getattr(plugin, "pytest_hygiene_resources", None) is not None:
            try:
                self.run.ask_for_resources(plugin, plugin_name)
            except pytest.UsageError as error:
                if not self.collecting:
                    raise
                # Of a conftest file further down: here it would be an error of its directory.
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
            raise self.unusable[0]
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        self.run.tests_begin(session.items)
        return (yield)

    # Not tryfirst: inside pytest's own wrapper, which sets up the warning filters.
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
        if owner is None:  # a fault of ours
            return (yield)
        is_set_up = False
        try:
            if owner.outlives_test:
                self.run.fixtures.wider_begins()
            before, self.run.owners.current = self.run.owners.current, owner
            try:
                result = yield
                is_set_up = True
                if owner.outlives_test:
                    self.run.fixtures.wider_stands_back(owner)
                return result
            finally:
                self.run.owners.current = before
        finally:
            self.run.fixtures.is_set_up(fixturedef, owner)
            if owner.outlives_test and not is_set_up:
                owner.failed = True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        finalizers = _count_finalizers(item)
        self.run.call_begins()
        try:
            result = yield
        except (KeyboardInterrupt, pytest.exit.Exception):
            # No sweep: the user wants out.
            self.run.test_did_not_pass()
            raise
        except BaseException:
            self.run.call_done(False, False)
            raise
        self.run.call_done(True, _count_finalizers(item) > finalizers)
        return result

    # Plain, not tryfirst: conftest files' wrappers see the verdict, and skipping has had its say.
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
        raised = True
        try:
            yield
            raised = False
        finally:
            if self.controller is not None:
                self.controller.gather()
            self.run.session_ends(session)
            if self.worker is not None:
                self.worker.session_ended(session)
            elif not self.run.ledger.is_empty:
                with own_modules():
                    from .report.session import report_session
                run = self.run
                report_session(session.config, run.ledger, run.settings, None if raised else exitstatus)
            if self.files is not None:
                self.files.write(session, self.run.ledger)

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter, config: pytest.Config) -> None:
        with own_modules():
            from .report import print_summary
        print_summary(terminalreporter, self.run.ledger, self.run.settings, config)

    # First, while pytest's own hooks (its last collection, say) still stand.
    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        self.run.stop()


def _count_finalizers(item: pytest.Item) -> int:
    """How many finalizers the test has registered by itself (``request.addfinalizer``)."""
    stack = getattr(getattr(item.session, "_setupstate", None), "stack", {})
    entry = stack.get(item)
    return len(entry[0]) if entry else 0
