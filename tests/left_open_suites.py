"""Suites that leave things open, which are closed when the run of the plugin is over."""

from __future__ import annotations

from textwrap import dedent

IMPORTS = """\
import asyncio, logging, logging.handlers, os, pathlib, shutil, socket, sqlite3, subprocess, sys, tempfile
import threading, unittest
import pytest

kept = []
"""

#: Runs when the plugin has gone: what was left must not turn up in the run that these tests are part of.
CONFTEST = """\
import asyncio, logging, os, sys

lists = []

# By the time of the other hook pytester has taken the modules out of sys.modules.
def pytest_sessionfinish():
    lists.extend(vars(module).get("kept", ()) for module in list(sys.modules.values()))

def pytest_unconfigure():
    for logger in map(logging.getLogger, ("shop", "other")):
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
            handler.close()
    asyncio.set_event_loop(None)
    for kept in lists:
        for thing in kept:
            if isinstance(thing, int):
                os.close(thing)
            elif hasattr(thing, "communicate"):
                thing.communicate()
            else:
                thing.close()
"""


def suite(source: str) -> str:
    return IMPORTS + dedent(source)
