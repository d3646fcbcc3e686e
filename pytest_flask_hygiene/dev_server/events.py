"""What the server's processes tell pytest: one JSON object a line, in one file, each line written at once.

A file, because what was written survives whatever becomes of the process that wrote it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

#: How pytest tells the server's processes what to do.
ENVIRONMENT: Final = "PYTEST_FLASK_HYGIENE_DEV_SERVER"

#: The ``parent`` starts one ``child`` after another; each serves the application until a file changes.
Role = Literal["parent", "child"]

#: ``started``: a process runs, and has imported nothing of the user's.  ``imported``: the parent has imported
#: the application, and is about to start a child.  ``import_failed``: the child could not import it.
#: ``serving``: the child accepts requests.  ``ending``: a process's main thread has ended.  ``hook``: an
#: ``atexit`` hook begins.  ``ended``: all of them have run.
Name = Literal["started", "imported", "import_failed", "serving", "ending", "hook", "ended"]

Data = dict[str, Any]


@dataclass(frozen=True)
class Instructions:
    """From pytest to the server's processes."""

    events: str
    """The file to write to."""
    marker: str
    """A file of ours to be watched by the reloader."""
    interval: float
    """Seconds between two looks of the reloader."""
    record: bool
    """Whether births are to be recorded."""
    pytest_pid: int

    def to_text(self) -> str:
        """For the environment variable ``ENVIRONMENT``."""
        return json.dumps(vars(self))

    @staticmethod
    def from_text(text: str) -> Instructions:
        """The inverse of ``to_text``."""
        return Instructions(**json.loads(text))


def in_words(error: BaseException) -> str:
    """``ValueError: bad price``; the type alone of an error whose own text can't be had."""
    name = type(error).__name__
    try:
        return f"{name}: {error}"
    except Exception:
        return name


@dataclass(frozen=True)
class Event:
    """What a process has written: a line of the file."""

    name: Name
    role: Role
    pid: int
    data: Data


class EventWriter:
    """Writes the events of this process."""

    def __init__(self, path: str, role: Role) -> None:
        self._path = path
        self._role: Role = role
        self._pid = os.getpid()

    def write(self, name: Name, **data: Any) -> None:
        """One write to the end of the file, so that two processes do not mix their lines.

        A process that the application forks is none of the server's, and says nothing.
        """
        if os.getpid() != self._pid:
            return
        line = json.dumps({"name": name, "role": self._role, "pid": os.getpid(), "data": data}) + "\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line.encode("ascii"))
        finally:
            os.close(descriptor)


class EventReader:
    """Reads what all processes of one server have written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.events: list[Event] = []

    def read(self) -> None:
        """Append what has been written since to ``events``."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        # The last line may not be complete yet.
        complete = text[: text.rfind(b"\n") + 1]
        self._offset += len(complete)
        self.events += [Event(**json.loads(line)) for line in complete.splitlines()]
