"""What pytest loads: the options, the start of a run, and the fixtures.

The hooks that watch a run are in ``hooks.py``.

PYTEST_DONT_REWRITE (see the package)
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from . import own_modules
from .options import MARKER_HELP, add_options
from .settings import Settings, read_mode, read_settings, validate_marks

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from .dev_server.plugin import DevServerFactory
    from .hooks import Hooks
    from .hygiene_fixture import Hygiene
    from .run import Run

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
                from .decisions.what_ran import WhatRan
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
        from .hooks import Hooks
        from .run import Run
    settings = read_settings(config)
    if settings.explain:
        # This class takes the place of the other.
        with own_modules():
            from .explain.run import ExplainingRun as Run
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
        with own_modules():
            from .usage import tell_controller
        tell_controller(config, error)
        raise
    if any("hygiene_client" in getattr(item, "fixturenames", ()) for item in items):
        with own_modules():
            from .client_fixture import register
        register(config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    with own_modules():
        from .usage import raise_error_of_worker
    raise_error_of_worker(node)


@pytest.fixture
def hygiene(request: pytest.FixtureRequest) -> Iterator[Hygiene]:
    """Ask for this test's leaks before it ends, or allow some of them.

    ``hygiene.check()`` fails if there are any; ``with hygiene.allow("file"):``; ``hygiene.findings``.
    """
    with own_modules():
        from .hygiene_fixture import Hygiene
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
