"""How all reports write paths, counts and long texts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..installed import short_path

#: A test's node id as the summary writes it: see :func:`node_id_from`.
ShowNodeId = Callable[[str], str]


def relative(path: str, start: Path) -> str:
    """The path as seen from ``start``, with forward slashes.

    Of a file that is not below ``start``: the path from the install directory that it lies in, or all of it.
    """
    if path.startswith("<"):  # Python's and doctest's names for source that is in no file
        return path
    try:
        return Path(os.path.abspath(path)).relative_to(start).as_posix()
    except ValueError:
        return short_path(path)


def place(path: str, line: int, start: Path) -> str:
    """``shop/db.py:16``: the form that terminals and editors turn into a link.

    The path alone if the line is 0; empty if the path is.
    """
    if not path:
        return ""
    return f"{relative(path, start)}:{line}" if line else relative(path, start)


def node_id_from(nodeid: str, rootpath: Path, start: Path) -> str:
    """The node id of a test for use in ``start``; pytest's own is relative to ``rootpath``."""
    path, separator, name = nodeid.partition("::")
    if start == rootpath or not path:
        return nodeid
    return Path(os.path.relpath(rootpath / path, start)).as_posix() + separator + name


def printable(text: str) -> str:
    """The text with what UTF-8 can't write as escapes, such as ``\\udcff``.

    A file's name need not be valid text, but what pytest-xdist sends and what is printed must be.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def clip(text: str, width: int) -> str:
    """The text in at most ``width`` characters."""
    return text if len(text) <= width else text[: width - 3] + "..."


def plural(count: int, noun: str) -> str:
    """``1 leak``, ``2 leaks``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
