"""pytest's hooks of one run, in the order of one test's life; each delegates to ``run.py``.

Loaded only where the plugin is not off.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Final

import _pytest.python
import pytest

from . import own_modules

if TYPE_CHECKING:
    from .findings import Owner
    from .report.files import ReportFiles
    from .run import Run
    from .workers import Controller, Worker

#: pytest sets up the value of a ``parametrize`` with this function, as a fixture, which runs nobody's code.
_DIRECT_PARAMETER: Final = getattr(_pytest.python, "get_direct_param_fixture_func", object())


class Hooks:
    """The plugin object that has them."""

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
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        self.collecting = True
        try:
            with self.run.collecting():
                result = yield
        finally:
            self.collecting = False
        if self.unusable:
            with own_modules():
                from .usage import tell_controller
            tell_controller(session.config, self.unusable[0])
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

    # Before the terminal's, which may show it although the hook of another plugin raises.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.run.ledger.logged(report.nodeid, report.when)

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
        self.run.session_is_ending()
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

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
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
