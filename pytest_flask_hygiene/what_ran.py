"""What of a suite has run, and where its ``allow_leak`` marks are: without that, nothing can be called stale.

Loaded in strict mode, and where there is a baseline.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from .settings import MARKER

_Args: Final = pytest.Config.ArgsSource


class MarkUse:
    """One ``allow_leak`` mark, with all the tests that carry it."""

    def __init__(self, text: str, nodeids: Iterable[str], *, has_reason: bool, used: bool = False) -> None:
        self.text = text
        self.nodeids = set(nodeids)
        self.has_reason = has_reason
        self.used = used


class WhatRan:
    """A plugin of its own, in the process that collects the tests."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._marks: dict[int, MarkUse] = {}
        self.collected: set[str] = set()
        self.completed: set[str] = set()
        """Tests that have run and passed but for their leaks, so that all of those are known."""
        self._by_fixture: dict[str, list[str]] = {}
        """Which tests use a fixture of this name."""
        self._why_partial = _why_narrow(config)
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

    # Also of pytest.exit().
    def pytest_keyboard_interrupt(self) -> None:
        self.interrupted = "the run was interrupted"

    # -- results -------------------------------------------------------------------------------

    def note(self, nodeid: str, *, completed: bool) -> None:
        """A test has ended; the last attempt decides."""
        (self.completed.add if completed else self.completed.discard)(nodeid)

    def note_used(self, keys: Iterable[object]) -> None:
        for key in keys:
            use = self._marks.get(key) if isinstance(key, int) else None
            if use is not None:
                use.used = True

    @property
    def marks(self) -> list[MarkUse]:
        """In the order of the tests, the same in every process."""
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
        return self.collected <= self.completed

    def completed_with(self, fixture: str) -> bool:
        """Whether all tests that use a fixture of this name have run and passed."""
        if fixture not in self._by_fixture:
            # setup_module and the like, or one that is gone.
            return self.all_completed
        return self.completed.issuperset(self._by_fixture[fixture])

    def to_data(self) -> dict[str, Any]:
        """For another process."""
        return {
            "marks": [
                {"text": u.text, "nodeids": sorted(u.nodeids), "has_reason": u.has_reason, "used": u.used}
                for u in self._marks.values()
            ],
            "collected": sorted(self.collected),
            "by_fixture": self._by_fixture,
            "completed": sorted(self.completed),
            "why_partial": self._why_partial,
        }

    def add_data(self, data: dict[str, Any]) -> None:
        """What a pytest-xdist worker has seen: all of them collect the same tests."""
        for number, other in enumerate(data["marks"]):
            mine = self._marks.setdefault(number, MarkUse(**other))
            mine.used = mine.used or other["used"]
        self.collected.update(data["collected"])
        # All workers collect the same tests.
        self._by_fixture = self._by_fixture or data["by_fixture"]
        self.completed.update(data["completed"])
        self._why_partial = self._why_partial or data["why_partial"]

    def worker_lost(self) -> None:
        """What a worker that crashed had run is not known."""
        self._why_partial = self._why_partial or "a worker crashed"


def _why_narrow(config: pytest.Config) -> str:
    """Whether the user asked for a part of the suite."""
    if getattr(config.option, "lf", False):
        return "only the last failures were asked for"
    if any(str(argument).startswith("--ignore") for argument in config.invocation_params.args):
        return "files were left out"
    arguments = [str(argument) for argument in config.args]
    if any("::" in argument for argument in arguments):
        return "only some tests were asked for"
    root = config.rootpath
    all_of_it = [root] if not config.getini("testpaths") else []
    if config.args_source == _Args.TESTPATHS:
        return ""
    folder = config.invocation_params.dir
    asked = {(folder / argument).resolve() for argument in arguments}
    if config.getini("testpaths"):
        all_of_it = [path for entry in config.getini("testpaths") for path in _expand(root, entry)]
    if all(any(_is_below(path, given) for given in asked) for path in all_of_it):
        return ""
    return "only a part of the suite was asked for"


def _expand(root: Path, entry: str) -> list[Path]:
    return sorted(root.glob(entry)) or [root / entry]


def _is_below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder)


def _as_text(mark: pytest.Mark) -> str:
    arguments = [repr(argument) for argument in mark.args]
    arguments += [f"{name}={value!r}" for name, value in mark.kwargs.items() if name != "reason"]
    return f"{mark.name}({', '.join(arguments)})"
