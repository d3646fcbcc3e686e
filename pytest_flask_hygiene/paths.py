"""Paths as a suite's own files name them: the same in every checkout."""

from __future__ import annotations

import os
from pathlib import Path

from .installed import short_path


class Paths:
    """Called with a path, returns it relative to rootdir and with forward slashes, as the baseline has it.

    What is installed is named as seen from the install directory, and ``<doctest ...>`` stays as it is.
    """

    def __init__(self, rootpath: Path) -> None:
        self._root = os.path.realpath(rootpath)
        self._known: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._relative(path)
        return known

    def _relative(self, path: str) -> str:
        if not path or path.startswith("<"):
            return path
        real = os.path.realpath(path)
        if real.startswith(self._root + os.sep):
            return os.path.relpath(real, self._root).replace(os.sep, "/")
        # In an install directory (a virtualenv below rootdir apart), or beside the project.
        short = short_path(path)
        if short != path:
            return short
        try:
            return os.path.relpath(real, self._root).replace(os.sep, "/")
        except ValueError:  # another drive
            return os.path.basename(path)
