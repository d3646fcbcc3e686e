"""A library whose resources a conftest.py names by the hook ``pytest_hygiene_resources``."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

LIB = """
import socket
import warnings

class Connection:
    def __init__(self, host="here", *, port=1):
        self.open = True

    def close(self):
        self.open = False

class Own(Connection):
    def __init__(self):
        super().__init__("own")

class Loud(Connection):
    def __del__(self):
        if self.open:
            warnings.warn("a loud one is open", ResourceWarning)

class Quiet(Connection):
    def __del__(self):
        self.close()

class ByNew:
    def __new__(cls, number):
        made = super().__new__(cls)
        made.open = True
        return made

class Plain:
    open = True

class Wraps(Connection):
    def __init__(self):
        super().__init__()
        self.socket = socket.socket()

    def close(self):
        super().close()
        self.socket.close()

class Fails(Connection):
    def __init__(self):
        raise ValueError("no server")

class Slotted:
    __slots__ = ("open",)

def connect():
    return Connection()

def tuples():
    return (1, 2)
"""

HOOK = """
import lib
from pytest_flask_hygiene import ResourceType

def pytest_hygiene_resources():
    return {types}
"""

CONNECTION = "[ResourceType('lib connection', lib.Connection, lambda c: c.open, advice='call shut()')]"


def run_with_types(
    run_suite: Callable[..., pytest.RunResult],
    source: str,
    *args: str,
    types: str = CONNECTION,
    conftest: str = "",
    files: dict[str, str] | None = None,
    **options: Any,
) -> pytest.RunResult:
    """Run a suite whose conftest.py names these types of the module ``lib``."""
    conftest = HOOK.format(types=types) + dedent(conftest)
    files = {"lib.py": LIB, "conftest.py": conftest, **(files or {})}
    return run_suite("import lib\n" + dedent(source), *args, files=files, **options)
