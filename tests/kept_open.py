"""Suites that keep open what they opened, until the run of the plugin is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

#: Runs when the plugin has gone: what was left must not turn up in the run that these tests are part of.
CONFTEST = """\
import sys

closes = []

# By the time of the other hook pytester has taken the modules out of sys.modules.
def pytest_sessionfinish():
    for name in ("shop", "somelib", "test_suite", "test_one", "test_two"):
        close = getattr(sys.modules.get(name), "close_all", None)
        if close is not None:
            closes.append(close)

def pytest_unconfigure():
    for close in closes:
        close()
"""


def run_and_close(
    run_suite: Callable[..., pytest.RunResult], *args: str, files: dict[str, str]
) -> pytest.RunResult:
    """Run these files, and then their ``close_all()``."""
    return run_suite("", *args, files={"conftest.py": CONFTEST, **files})
