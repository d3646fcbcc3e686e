"""Suites that start threads, which end when the run of the plugin is over."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

IMPORTS = """\
import asyncio, concurrent.futures, os, queue, socket, sqlite3, threading, time
import pytest

stop = threading.Event()
"""

#: The threads that a suite left must not run on in the run that these tests are part of.
CONFTEST = """\
import sys, threading

before = set(threading.enumerate())
stops = []

# By the time of the other hook pytester has taken the modules out of sys.modules.
def pytest_sessionfinish():
    stops.extend(vars(module).get("stop") for module in list(sys.modules.values()))

def pytest_unconfigure():
    for stop in stops:
        if isinstance(stop, threading.Event):
            stop.set()
    for thread in set(threading.enumerate()) - before:
        threading.Thread.join(thread, 10)
"""


def suite(source: str) -> str:
    return IMPORTS + dedent(source)


def run_with_threads(
    run_suite: Callable[..., pytest.RunResult], source: str, *args: str, **kwargs: Any
) -> pytest.RunResult:
    files = {"conftest.py": CONFTEST, **kwargs.pop("files", {})}
    return run_suite(suite(source), *args, files=files, **kwargs)
