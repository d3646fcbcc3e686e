"""Fixture for tests that read several things from the output of one and the same run.

Named in ``pytest_plugins`` by the files that use it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

LOGREPORT = "pytest_runtest_logreport"


def told_by(result: pytest.RunResult) -> pytest.RunResult:
    """What a run has printed and reported, without the objects of the run itself."""
    told = pytest.RunResult(result.ret, result.outlines, result.errlines, result.duration)
    if recorder := getattr(result, "reprec", None):
        reports = recorder.getreports(LOGREPORT)
        told.reprec = SimpleNamespace(getreports=lambda name: reports if name == LOGREPORT else [])
    return told


@pytest.fixture(scope="module")
def _runs_of_this_file() -> dict[str, pytest.RunResult]:
    return {}


@pytest.fixture
def run_once(
    run_suite: Callable[..., pytest.RunResult], _runs_of_this_file: dict[str, pytest.RunResult]
) -> Callable[..., pytest.RunResult]:
    """``run_suite``, but equal runs of one test file are one, and only its first test finds the files."""

    def run(*args: Any, **keywords: Any) -> pytest.RunResult:
        key = repr((args, sorted(keywords.items())))
        if key not in _runs_of_this_file:
            _runs_of_this_file[key] = told_by(run_suite(*args, **keywords))
        return _runs_of_this_file[key]

    return run
