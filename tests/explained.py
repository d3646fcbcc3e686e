"""Runs with ``--hygiene-explain``: the section about one test, and what it says of each resource.

The fixture ``explain`` is there for files that name this one in ``pytest_plugins``.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re

import pytest


def section(result, nodeid="test_suite.py::test_it"):
    """The lines of the section about a test, without blanks at their ends."""
    lines = [line.rstrip() for line in result.outlines]
    begin = next(n for n, line in enumerate(lines) if f" hygiene: explain {nodeid} " in line)
    rest = lines[begin + 1 :]
    end = next((n for n, line in enumerate(rest) if line.startswith("===")), len(rest))
    return rest[:end]


@pytest.fixture
def explain(run_suite):
    """Run a suite and give the section about ``test_it``."""

    def run(source, *args, nodeid="test_suite.py::test_it", **kwargs):
        result = run_suite(source, f"--hygiene-explain={nodeid}", *args, **kwargs)
        result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")
        return section(result, nodeid)

    return run


def blocks(lines):
    """Of each resource: its title and what is said of it."""
    text = "\n".join(lines)
    found = []
    for part in text.split("\n\n"):
        rows = part.splitlines()
        if any(row.startswith("    owner:") for row in rows):
            said = dict(re.findall(r"^    (owner|ended|held by|counts as): +(.*)$", part, re.MULTILINE))
            said["title"] = rows[0]
            said["site"] = [row.strip() for row in rows[1:] if re.match(r"    \S+:\d+  in ", row)]
            found.append(said)
    return found


def one(lines):
    (block,) = blocks(lines)
    return block


FILE = """
    def test_it(tmp_path):
        with open(tmp_path / "a.txt", "w"):
            pass
"""

LEFT_OPEN = """
    import socket

    kept = []

    def test_it():
        kept.append(socket.socket())
"""
