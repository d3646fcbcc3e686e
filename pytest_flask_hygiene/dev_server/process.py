"""The server's processes as pytest sees them: started, waited for, signalled, and ended whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from ..clock import Clock
from .errors import DevServerError
from .events import Event, EventReader

_T = TypeVar("_T")

_LOOK_EVERY: Final = 0.005
#: For a process that has been told to end, or to say where it hangs.
_LAST_SECONDS: Final = 2.0
#: Of the server's output, in a failure.
_MAX_OUTPUT: Final = 30_000
_GROUPS: Final = hasattr(os, "killpg")


class ServerProcess:
    """The reloader's parent, in a process group of its own, and through events its children."""

    def __init__(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], output: Path, events: Path
    ) -> None:
        self._output = output
        self._events = EventReader(events)
        with output.open("wb") as file:
            # Its own session: a Ctrl-C in pytest's terminal is pytest's, which then ends the server.
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the reloader's parent."""
        return self._process.pid

    @property
    def events(self) -> list[Event]:
        """All that the processes have written so far."""
        self._events.read()
        return self._events.events

    def is_running(self) -> bool:
        """Whether the reloader's parent is."""
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """What the server has printed, at most the last 30,000 characters."""
        text = self._output.read_bytes().decode("utf-8", "backslashreplace")
        return text if len(text) <= _MAX_OUTPUT else f"...\n{text[-_MAX_OUTPUT:]}"

    def wait_for(self, look: Callable[[], _T | None], seconds: float) -> _T | None:
        """What ``look`` finds; None if that is nothing within ``seconds``, or before the server ended."""
        end = Clock.monotonic() + seconds
        while True:
            # Asked for first: what it wrote before it ended is read then.
            running = self.is_running()
            found = look()
            if found is not None or not running or Clock.monotonic() >= end:
                return found
            Clock.sleep(_LOOK_EVERY)

    def wait_until_ended(self, seconds: float) -> bool:
        """Whether the reloader's parent ends within so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, seconds))
        return not self.is_running()

    def send(self, pid: int, number: signal.Signals) -> None:
        """Send a signal to one of the processes, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def error(self, message: str) -> DevServerError:
        """``message`` and, if the server has ended, how, as an error that brings the output along."""
        status = self._process.poll()
        if status is not None:
            by = f"by {signal.Signals(-status).name}" if status < 0 else f"with exit status {status}"
            message += f": the server ended {by}"
            last = self._last_line()
            if last:
                message += f", after printing: {last}"
        return DevServerError(message, self.output)

    def _last_line(self) -> str:
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def abort(self, pid: int) -> None:
        """Have a process that hangs print where (``faulthandler``), and end them all."""
        self.send(pid, signal.SIGABRT)
        self.wait_until_ended(_LAST_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End all of the processes at once; also those that the application has started, and left."""
        if _GROUPS:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()
