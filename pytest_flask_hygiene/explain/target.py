"""Which tests ``--hygiene-explain`` names, whether they ran in this session, and what is to be said of them.

Each process has this plugin.  Workers of pytest-xdist send what they know to the controller, which prints it.

Loaded only where a test is to be explained.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from .. import own_modules

if TYPE_CHECKING:
    from ..ledger import Ledger
    from ..origin import OriginMap
    from ..settings import Settings
    from .journal import Journal
    from .words import Data

_KEY: Final = "flask_hygiene_explain"


class Explanations:
    """What is known of the tests that are asked for, until it is printed at the end."""

    def __init__(self, config: pytest.Config, asked: str) -> None:
        self.asked = asked
        """The node id, as the user wrote it."""
        self._config = config
        self._names = _spellings(asked, config)
        self.collected: list[str] = []
        """In the order in which they run."""
        self.deselected: set[str] = set()
        self.skipped: dict[str, str] = {}
        """Of the tests that are asked for: those that were skipped, and why."""
        self.ran: set[str] = set()
        """Of the tests that are asked for: those that have a report."""
        self.too_many: list[str] = []
        """Tests that are asked for and not explained, since there are so many."""
        self.tests: dict[str, Data] = {}
        """By node id: the explanation, as ``explain/words.py`` makes it."""
        self._printed = False

    def asks_for(self, nodeid: str) -> bool:
        """Whether it is the test that the user named, or a parameter set of it."""
        return any(nodeid == name or nodeid.startswith(f"{name}[") for name in self._names)

    def is_inside(self, nodeid: str) -> bool:
        """Whether it is a test of a class or a file that the user named instead of a test."""
        return any(nodeid.startswith(f"{name.rstrip('/')}::") for name in self._names)

    def add(self, journals: Iterable[Journal], ledger: Ledger, settings: Settings, origin: OriginMap) -> None:
        """The session has ended in this process: put its journals into words, and send them home."""
        with own_modules():
            from .words import Words
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

    # pytest-xdist may call it twice for the same worker.
    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # A worker that crashed has no output.
        text = getattr(node, "workeroutput", {}).get(_KEY)
        if text:
            data = json.loads(text)
            self.tests = data["tests"] | self.tests
            self.deselected.update(data["deselected"])
            self.too_many += [nodeid for nodeid in data["too_many"] if nodeid not in self.too_many]

    # Behind the parts of all other plugins; pytest's own short summary comes later.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        yield
        self._print(terminalreporter)

    # After an exit status with which pytest asks nobody for a summary.
    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and (self.collected or self.ran):
            self._print(reporter)

    def _print(self, reporter: pytest.TerminalReporter) -> None:
        if self._printed or hasattr(self._config, "workerinput"):
            return
        self._printed = True
        with own_modules():
            from ..report.explain import print_explanations
        print_explanations(reporter, self, self._config.invocation_params.dir)


def _spellings(asked: str, config: pytest.Config) -> set[str]:
    """The node id as the user wrote it, and with its path relative to rootdir, as pytest's node ids are."""
    path, colons, rest = asked.partition("::")
    full = os.path.join(config.invocation_params.dir, path)
    try:
        relative = Path(os.path.abspath(full)).relative_to(config.rootpath).as_posix()
    except ValueError:
        return {asked}
    return {asked, f"{relative}{colons}{rest}"}
