"""One child process: what it used, and how its tests ended."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: No run takes that long; one that does hangs.
LIMIT_SECONDS = 1800.0

_SUMMARY = re.compile(r"^(?:=+ )?((?:\d+ [a-z ]+(?:, )?)+) in \d+\.\d+s", re.MULTILINE)
_LEAKS = re.compile(r"^hygiene: (\d+) leaks? in ", re.MULTILINE)
#: What decides how fast Python runs, which plugins pytest loads, or what it does, must not come from outside.
_DROPPED = ("PYTHON", "PYTEST", "COV_", "COVERAGE_")


class RefusedError(Exception):
    """The measurement is worth nothing; the message says why, in one line."""


@dataclass(frozen=True)
class Usage:
    """Of the process and of the children it waited for: seconds, and KiB at the peak of the largest."""

    user: float
    system: float
    wall: float
    memory: float

    @property
    def cpu(self) -> float:
        return self.user + self.system


@dataclass(frozen=True)
class Outcome:
    status: int
    counts: Mapping[str, int]
    leaks: int = 0

    def __str__(self) -> str:
        counts = ", ".join(f"{number} {word}" for word, number in self.counts.items())
        return f"exit {self.status}: {counts or 'no tests'}"

    def same_tests(self, other: Outcome) -> bool:
        return (self.status, self.counts) == (other.status, other.counts)


def outcome(status: int, output: str) -> Outcome:
    """From pytest's own last line: a recording plugin would cost time in the run."""
    found = _SUMMARY.findall(output)
    if not found:
        raise RefusedError(f"no summary of tests (exit {status}), the output ends: {output[-2000:].strip()}")
    counts = {}
    for part in found[-1].split(", "):
        number, word = part.split(" ", 1)
        if not word.startswith("warning"):
            counts[word] = int(number)
    leaks = _LEAKS.findall(output)
    return Outcome(status, counts, int(leaks[-1]) if leaks else 0)


def environment(more: Mapping[str, str], temporary: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_DROPPED)}
    return {**kept, "PYTHONHASHSEED": "0", "COLUMNS": "100", "TMPDIR": temporary, **more}


def run(command: Sequence[str], directory: Path, more: Mapping[str, str]) -> tuple[Usage, int, str]:
    """The command's usage, exit status and output.

    A child's peak memory is never below what this process has when it starts the child: keep this one small.
    """
    # Fresh for each run: pytest looks at what earlier runs left in its directory for temporary files.
    with tempfile.TemporaryDirectory() as temporary, tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        # Waited for below, by hand: only wait4() tells what one child used.
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment(more, temporary),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        timer = threading.Timer(LIMIT_SECONDS, _kill, [process.pid])
        timer.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            _kill(process.pid)
            process.wait()
            raise
        finally:
            timer.cancel()
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return Usage(used.ru_utime, used.ru_stime, wall, float(used.ru_maxrss)), process.returncode, text


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


def pytest_command(python: Sequence[str], options: Sequence[str]) -> list[str]:
    return [sys.executable, *python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]


def say(text: str) -> None:
    """Progress; the result alone goes to standard output."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()
