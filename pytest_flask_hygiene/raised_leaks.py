"""The report of a test that fails with a :class:`LeakError`: it shows the findings; the summary counts them.

Registered with the first fixture of a run that may raise one.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Generator, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pytest

from . import own_modules
from .leak_error import LeakError

if TYPE_CHECKING:
    from .findings import Finding
    from .run import Run

if sys.version_info >= (3, 11):
    _Group: Any = builtins.BaseExceptionGroup
else:
    # pytest itself needs this backport.
    _Group = import_module("exceptiongroup").BaseExceptionGroup

_NAME: Final = "flask_hygiene_raised_leaks"


def register(config: pytest.Config, run: Run | None) -> None:
    """Register the plugin, once for each pytest run."""
    if not config.pluginmanager.has_plugin(_NAME):
        config.pluginmanager.register(RaisedLeaks(run), _NAME)


def add_leaks(run: Run | None, nodeid: str, findings: Sequence[Finding]) -> None:
    """Charge these findings to a test, so that the summary counts them."""
    if run is not None:
        for finding in findings:
            finding.nodeid, finding.is_leak = nodeid, finding.outcome != "allowed"
        run.ledger.add(nodeid, findings)


class RaisedLeaks:
    """The plugin that looks for a :class:`LeakError` in what each test has raised."""

    def __init__(self, run: Run | None) -> None:
        self._run = run

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        raised = None if call.excinfo is None else call.excinfo.value
        errors = list(_leak_errors(raised))
        if errors and report.skipped and hasattr(report, "wasxfail") and not _is_expected(item):
            # Left there, the failure would count as expected: a leak never satisfies xfail.
            del report.wasxfail
            report.outcome = "failed"
        if report.failed:
            for error in errors:
                add_leaks(self._run, item.nodeid, error.findings)
            if isinstance(raised, LeakError):
                # Only then: of a group or a doctest pytest shows what else went wrong.
                self._show(report, item, raised)
        return report

    @staticmethod
    def _show(report: pytest.TestReport, item: pytest.Item, error: LeakError) -> None:
        with own_modules():
            from .report.failure import repr_of_text
        report.longrepr = repr_of_text(str(error), error.findings, item.config.invocation_params.dir)


def _leak_errors(raised: BaseException | None) -> Iterator[LeakError]:
    """The error itself; or those in a group (several finalizers have raised), or in a doctest's failures."""
    if isinstance(raised, LeakError):
        yield raised
    else:
        for each in _raised_inside(raised):
            yield from _leak_errors(each)


def _raised_inside(raised: Any) -> Sequence[Any]:
    """Asked by their classes: an exception of the user's may have such attributes for other purposes."""
    if isinstance(raised, _Group):
        exceptions: Sequence[BaseException] = raised.exceptions
        return exceptions
    # Loaded by the first doctest.
    doctest, pytests = sys.modules.get("doctest"), sys.modules.get("_pytest.doctest")
    if doctest is not None and isinstance(raised, doctest.UnexpectedException):
        return (raised.exc_info[1],)
    if pytests is not None and isinstance(raised, pytests.MultipleDoctestFailures):
        # --doctest-continue-on-failure
        failures: Sequence[Exception] = raised.failures
        return failures
    return ()


def _is_expected(item: pytest.Item) -> bool:
    """Whether the mark says so by name: ``xfail(raises=LeakError)``."""
    for mark in item.iter_markers("xfail"):
        raises = mark.kwargs.get("raises")
        if raises is LeakError or (isinstance(raises, tuple) and LeakError in raises):
            return True
    return False
