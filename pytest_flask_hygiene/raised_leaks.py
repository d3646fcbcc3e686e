"""A test fails with a :class:`LeakError`: its report shows the findings, and the summary counts them.

Registered with the first fixture that may raise one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import pytest

from . import own_modules
from .leak_error import LeakError

if TYPE_CHECKING:
    from .findings import Finding
    from .run import Run

_NAME: Final = "flask_hygiene_raised_leaks"


def register(config: pytest.Config, run: Run | None) -> None:
    if not config.pluginmanager.has_plugin(_NAME):
        config.pluginmanager.register(RaisedLeaks(run), _NAME)


def add_leaks(run: Run | None, nodeid: str, findings: Sequence[Finding]) -> None:
    """To the summary, as leaks of a test."""
    if run is not None:
        for finding in findings:
            finding.nodeid, finding.is_leak = nodeid, finding.outcome != "allowed"
        run.ledger.add(nodeid, findings)


class RaisedLeaks:
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
                # Apart: what else went wrong, or the doctest that it went wrong in, is shown by pytest.
                self._show(report, item, raised)
        return report

    @staticmethod
    def _show(report: pytest.TestReport, item: pytest.Item, error: LeakError) -> None:
        with own_modules():
            from .report.failure import repr_of_text
        report.longrepr = repr_of_text(str(error), error.findings, item.config.invocation_params.dir)


def _leak_errors(raised: Any) -> Iterator[LeakError]:
    """Also those of a group (several finalizers have raised), and of a doctest."""
    if isinstance(raised, LeakError):
        yield raised
        return
    inner = getattr(raised, "exceptions", None)
    if isinstance(inner, tuple):
        for each in inner:
            yield from _leak_errors(each)
    info = getattr(raised, "exc_info", None)
    if isinstance(info, tuple) and len(info) == 3:
        yield from _leak_errors(info[1])


def _is_expected(item: pytest.Item) -> bool:
    """Whether the mark says so by name: ``xfail(raises=LeakError)``."""
    for mark in item.iter_markers("xfail"):
        raises = mark.kwargs.get("raises")
        if raises is LeakError or (isinstance(raises, tuple) and LeakError in raises):
            return True
    return False
