"""One suite for each kind of resource that Python warns about, all in one run."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent

import pytest

IMPORTS = "import asyncio, gc, logging, socket, sqlite3, subprocess, sys, tempfile, warnings\nimport pytest\n"

OPENERS = {
    "file": "open(__file__)",
    "socket": "socket.socket()",
    "sqlite": "sqlite3.connect(':memory:')",
    "subprocess": "subprocess.Popen([sys.executable, '-c', 'pass'])",
    "tempdir": "tempfile.TemporaryDirectory()",
    "event-loop": "asyncio.new_event_loop()",
}
KINDS = len(OPENERS)

every_kind = pytest.mark.parametrize("kind", OPENERS)

#: A test that leaks, and one after it.
DROPPED = """
def test_leaks():
    resource = OPEN

def test_innocent():
    pass
"""
CYCLE = """
def test_leaks():
    ring = [OPEN]
    ring.append(ring)

def test_innocent():
    pass
"""


def suite(source: str, kind: str = "file") -> str:
    """OPEN in ``source`` opens a resource of this kind."""
    return IMPORTS + dedent(source).replace("OPEN", OPENERS[kind])


def line_of(text: str, kind: str = "file") -> int:
    """The line that opens the resource."""
    return 1 + text.splitlines().index(next(row for row in text.splitlines() if OPENERS[kind] in row))


def file_of(kind: str) -> str:
    return f"test_of_{kind.replace('-', '_')}.py"


def files_of(source: str, kinds: Iterable[str] = OPENERS) -> dict[str, str]:
    """A test file for each kind."""
    return {file_of(kind): suite(source, kind) for kind in kinds}


def summary_line(word: str, source: str, kind: str, test: str) -> str:
    """The short summary's line: ``FAILED`` or ``ERROR``, the test, the kind and the line that opened it."""
    file = file_of(kind)
    return f"{word} {file}::{test} - hygiene: {kind} {file}:{line_of(suite(source, kind), kind)}"
