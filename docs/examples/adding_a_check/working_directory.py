"""The working directory that a test has changed, and has not changed back."""

from __future__ import annotations

import os
from collections.abc import Collection
from types import FrameType

from ..births import Birth, BirthRecorder
from ..findings import Finding, Owner
from ..owners import OwnerTracker
from ..stacks import capture_stack


class DirectoryBirth(Birth):
    """A call of ``os.chdir``."""

    def explain(self, finding: Finding) -> None:
        finding.happened = "changed here, and not changed back"
        finding.advice = "use monkeypatch.chdir(), or with contextlib.chdir(...): (Python 3.11 and later)"


class WorkingDirectoryCheck:
    def __init__(self, births: BirthRecorder, owners: OwnerTracker) -> None:
        self._owners = owners
        self._before = ""
        self._last: Birth | None = None
        births.on_chdir = self._changes

    def test_begins(self) -> None:
        self._before, self._last = _current(), None

    def left_changed(self, owners: Collection[Owner]) -> Birth | None:
        """The last change of these owners, if it still has an effect; each is told once."""
        birth, self._last = self._last, None
        if birth is None or birth.owner not in owners or _current() == self._before:
            return None
        return birth

    def _changes(self, frame: FrameType) -> None:
        self._last = DirectoryBirth("other", self._owners.get(), capture_stack(frame))


def _current() -> str:
    try:
        return os.getcwd()
    except OSError:
        # It has been removed.
        return ""
