"""Which test is to be explained, what became of it in this session, and what its run had to tell.

A plugin of its own, in each process.  pytest-xdist's workers send what they know to the controller, which
prints it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from . import own_modules

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from .explain_words import Data
    from .journal import Journal
    from .ledger import Ledger
    from .origin import OriginMap
    from .settings import Settings

_KEY: Final = "flask_hygiene_explain"


class Explanations:
    def __init__(self, config: pytest.Config, asked: str) -> None:
        self.asked = asked
        self._config = config
        self._names = _spellings(asked, config)
        self.collected: list[str] = []
        """In the order in which they run."""
        self.deselected: set[str] = set()
        self.skipped: dict[str, str] = {}
        """Why each test was skipped that is asked for."""
        self.ran: set[str] = set()
        self.too_many: list[str] = []
        """What is asked for as well, but is more than is explained."""
        self.tests: dict[str, Data] = {}
        self._printed = False

    def asks_for(self, nodeid: str) -> bool:
        """Whether it is the test, or a parameter set of it."""
        return any(nodeid == name or nodeid.startswith(f"{name}[") for name in self._names)

    def is_inside(self, nodeid: str) -> bool:
        """Whether it is a test of the class or the file that is asked for."""
        return any(nodeid.startswith(f"{name.rstrip('/')}::") for name in self._names)

    def add(self, journals: Iterable[Journal], ledger: Ledger, settings: Settings, origin: OriginMap) -> None:
        """The session has ended in this process."""
        with own_modules():
            from .explain_words import Words
        self.tests.update((j.nodeid, Words(j, ledger, settings, origin).data()) for j in journals)
        if hasattr(self._config, "workerinput"):
            data = {
                "tests": self.tests,
                "deselected": sorted(filter(self.asks_for, self.deselected)),
                "too_many": self.too_many,
            }
            output: dict[str, Any] = self._config.workeroutput  # type: ignore[attr-defined]
            output[_KEY] = json.dumps(data, default=str)

    # -- hooks ---------------------------------------------------------------------------------

    # First, while the tests that will be deselected are still there.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.collected = [item.nodeid for item in items]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.deselected.update(item.nodeid for item in items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self.collected = list(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self.asks_for(report.nodeid):
            self.ran.add(report.nodeid)
            if report.when == "setup":
                self.skipped.pop(report.nodeid, None)
            if report.skipped and not hasattr(report, "wasxfail"):
                longrepr = report.longrepr
                reason = longrepr[2] if isinstance(longrepr, tuple) else ""
                self.skipped[report.nodeid] = reason.removeprefix("Skipped: ")

    # May be called twice for the same worker.
    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # One that crashed has no output.
        text = getattr(node, "workeroutput", {}).get(_KEY)
        if text:
            data = json.loads(text)
            self.tests = data["tests"] | self.tests
            self.deselected.update(data["deselected"])
            self.too_many += [nodeid for nodeid in data["too_many"] if nodeid not in self.too_many]

    # Behind everybody else's part of it, but for pytest's own short summary.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> Generator[None, None, None]:
        yield
        self._print(terminalreporter)

    # Where nobody asked for a summary.
    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and (self.collected or self.ran):
            self._print(reporter)

    def _print(self, reporter: TerminalReporter) -> None:
        if self._printed or hasattr(self._config, "workerinput"):
            return
        self._printed = True
        with own_modules():
            from .report.explain import print_explanations
        print_explanations(reporter, self, self._config.invocation_params.dir)


def _spellings(asked: str, config: pytest.Config) -> set[str]:
    """As it was written, and with the path as node ids have it: relative to rootdir."""
    path, colons, rest = asked.partition("::")
    full = os.path.join(config.invocation_params.dir, path)
    try:
        relative = Path(os.path.abspath(full)).relative_to(config.rootpath).as_posix()
    except ValueError:
        return {asked}
    return {asked, f"{relative}{colons}{rest}"}
