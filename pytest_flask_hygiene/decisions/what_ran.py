"""Which tests of the suite have run, and where its ``allow_leak`` marks are.

Whatever has matched nothing can only be called stale if all tests ran that it could have matched.

Loaded only in strict mode, and where there is a baseline.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ..settings import MARKER


class MarkUse:
    """One ``allow_leak`` mark, with all the tests that carry it."""

    def __init__(self, text: str, nodeids: Iterable[str], *, has_reason: bool, used: bool = False) -> None:
        self.text = text
        """As messages name it: ``allow_leak('file') on test_shop.py::test_it``."""
        self.nodeids = set(nodeids)
        self.has_reason = has_reason
        self.used = used
        """It has covered a finding."""


class WhatRan:
    """A plugin of its own, in each process.  The controller of pytest-xdist adds up what its workers send."""

    def __init__(self, config: pytest.Config) -> None:
        self._marks: dict[int, MarkUse] = {}
        """By the ``id()`` of the mark; in the controller by its number, which is the same for all workers."""
        self.collected: set[str] = set()
        self.completed: set[str] = set()
        """Tests that have run and passed but for their leaks, so that all of those are known."""
        self._by_fixture: dict[str, list[str]] = {}
        """Which tests use a fixture of this name."""
        self._why_partial = _why_only_a_part(config)
        self.interrupted = ""
        """Why tests that were asked for did not run, if that is so."""

    # -- hooks ---------------------------------------------------------------------------------

    # First, while the tests that will be deselected are still there.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            self.collected.add(item.nodeid)
            for name in getattr(item, "fixturenames", ()):
                self._by_fixture.setdefault(name, []).append(item.nodeid)
            for node, mark in item.iter_markers_with_node(MARKER):
                use = self._marks.get(id(mark))
                if use is None:
                    where = node.nodeid.partition("[")[0]
                    use = self._marks[id(mark)] = MarkUse(
                        f"{_as_text(mark)} on {where}", (), has_reason=bool(mark.kwargs.get("reason"))
                    )
                use.nodeids.add(item.nodeid)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        if items:
            self._why_partial = self._why_partial or "tests were deselected"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed or report.skipped:
            why = "could not be collected" if report.failed else "was skipped"
            self._why_partial = self._why_partial or f"{report.nodeid or 'a file'} {why}"

    # pytest.exit() calls it, too.
    def pytest_keyboard_interrupt(self) -> None:
        self.interrupted = "the run was interrupted"

    # -- results -------------------------------------------------------------------------------

    def note(self, nodeid: str, *, completed: bool) -> None:
        """A test has ended; of several attempts (pytest-rerunfailures) the last decides."""
        if completed:
            self.completed.add(nodeid)
        else:
            self.completed.discard(nodeid)

    def note_used(self, keys: Iterable[object]) -> None:
        """``keys``: of the marks that have covered something, and of other decisions (``AllowLeak.key``)."""
        for key in keys:
            use = self._marks.get(key) if isinstance(key, int) else None
            if use is not None:
                use.used = True

    @property
    def marks(self) -> list[MarkUse]:
        """The marks, in the order of the tests, which is the same in every process."""
        return list(self._marks.values())

    def why_partial(self, session: pytest.Session) -> str:
        """Why not all of the suite has run; empty if it has."""
        option = session.config.option
        if any(getattr(option, name, False) for name in ("collectonly", "setuponly", "setupplan")):
            self.interrupted = "no test was to be run"
        elif session.exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR):
            self.interrupted = "the run was interrupted"
        if self.interrupted:
            return self.interrupted
        if session.shouldstop or session.shouldfail:
            return "the run was stopped"
        return self._why_partial

    @property
    def all_completed(self) -> bool:
        """Whether all tests that were collected have run and passed but for their leaks."""
        return self.collected <= self.completed

    def completed_with(self, fixture: str) -> bool:
        """Whether all tests that use a fixture of this name have run and passed."""
        if fixture not in self._by_fixture:
            # ``setup_module`` and the like, which no test names, or a fixture that is gone.
            return self.all_completed
        return self.completed.issuperset(self._by_fixture[fixture])

    def to_data(self) -> dict[str, Any]:
        """For another process: what ``add_data`` takes."""
        return {
            "marks": [
                {
                    "text": use.text,
                    "nodeids": sorted(use.nodeids),
                    "has_reason": use.has_reason,
                    "used": use.used,
                }
                for use in self._marks.values()
            ],
            "collected": sorted(self.collected),
            "by_fixture": self._by_fixture,
            "completed": sorted(self.completed),
            "why_partial": self._why_partial,
        }

    def add_data(self, data: dict[str, Any]) -> None:
        """Add what a pytest-xdist worker has seen.  All workers collect the same tests, in the same order."""
        for number, other in enumerate(data["marks"]):
            mine = self._marks.setdefault(number, MarkUse(**other))
            mine.used = mine.used or other["used"]
        self.collected.update(data["collected"])
        self._by_fixture = self._by_fixture or data["by_fixture"]
        self.completed.update(data["completed"])
        self._why_partial = self._why_partial or data["why_partial"]

    def worker_lost(self) -> None:
        """What a worker that crashed had run is not known."""
        self._why_partial = self._why_partial or "a worker crashed"


def _why_only_a_part(config: pytest.Config) -> str:
    """Why only a part of the suite was asked for; empty if all of it was."""
    if getattr(config.option, "lf", False):
        return "only the last failures were asked for"
    # Of the command line alone: what the ini file always leaves out is no part of the suite.
    if any(str(argument).startswith("--ignore") for argument in config.invocation_params.args):
        return "files were left out"
    arguments = [str(argument) for argument in config.args]
    if any("::" in argument for argument in arguments):
        return "only some tests were asked for"
    if config.args_source == pytest.Config.ArgsSource.TESTPATHS:
        return ""
    asked_for = {(config.invocation_params.dir / argument).resolve() for argument in arguments}
    for path in _paths_of_suite(config):
        if not any(path.resolve().is_relative_to(given) for given in asked_for):
            return "only a part of the suite was asked for"
    return ""


def _paths_of_suite(config: pytest.Config) -> list[Path]:
    """The ``testpaths``, which may be patterns; without them the whole of rootdir."""
    root = config.rootpath
    testpaths: list[str] = config.getini("testpaths")
    if not testpaths:
        return [root]
    return [path for entry in testpaths for path in sorted(root.glob(entry)) or [root / entry]]


def _as_text(mark: pytest.Mark) -> str:
    """``allow_leak('file', match='left')``: without the reason, which may be long."""
    arguments = [repr(argument) for argument in mark.args]
    arguments += [f"{name}={value!r}" for name, value in mark.kwargs.items() if name != "reason"]
    return f"{mark.name}({', '.join(arguments)})"
