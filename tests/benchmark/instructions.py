"""Counts of instructions, where noise hides the answer.  Needs valgrind."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .measure import RefusedError, outcome, pytest_command, run, say
from .phases import PHASES
from .sdists import copy_of
from .suites import SUITES, write
from .variants import VARIANTS

MISSING = "valgrind is not on the PATH; Debian and Ubuntu: apt-get install valgrind"

_TOTAL = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Counted:
    name: str
    title: str
    #: Directories of one size or of two.
    prepare: Callable[[Path], list[Path]]
    units: int = 1
    options: tuple[str, ...] = ()


def _phase(name: str, title: str, small: int, big: int) -> Counted:
    """A phase's suite, much smaller: valgrind is some fifty times as slow."""

    def prepare(work: Path) -> list[Path]:
        return [
            write(PHASES[name].files(size), work / "suites" / f"count-{name}-{size}") for size in (small, big)
        ]

    return Counted(name, title, prepare, big - small)


COUNTED = {
    each.name: each
    for each in (
        _phase("empty", "an empty test", 50, 250),
        _phase("fixture", "a test with a function fixture", 50, 250),
        _phase("request-text", "a request: text", 50, 350),
        _phase("request-file", "a request: a sent file, closed by the test", 50, 350),
        _phase("open", "an `open()` and `close()`", 50, 2050),
        Counted(
            "start",
            "one empty test, Flask not imported: the whole process",
            lambda work: [write(PHASES["start"].files(1), work / "suites" / "count-start-1")],
        ),
        Counted(
            "flask",
            "Flask's own suite: the whole process",
            lambda work: [copy_of("flask", work)],
            options=SUITES["flask"].options,
        ),
    )
}


def count(counted: Counted, work: Path) -> dict[str, list[int]]:
    """For each variant the instructions of each size; once, since they hardly differ from run to run."""
    directories = counted.prepare(work)
    result: dict[str, list[int]] = {}
    for variant in ("plain", "hygiene"):
        for directory in directories:
            options = (*counted.options, *VARIANTS[variant].pytest)
            # Not counted: fills the bytecode caches.
            run(pytest_command((), options), directory, {})
            number = _count(pytest_command((), options), directory, work, f"{counted.name}, {variant}")
            say(f"instructions {counted.name}, {variant}: {number:,}")
            result.setdefault(variant, []).append(number)
    return result


def _count(command: list[str], directory: Path, work: Path, what: str) -> int:
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise RefusedError(MISSING)
    out = work / "callgrind.out"
    # A child process would write its own counts over those of pytest.
    tool = [valgrind, "--tool=callgrind", "--trace-children=no", f"--callgrind-out-file={out}.%p"]
    for old in work.glob("callgrind.out.*"):
        old.unlink()
    _, status, output = run([*tool, *command], directory, {})
    if status:
        raise RefusedError(f"{what}: {outcome(status, output)} under valgrind")
    totals = [total(path.read_text("utf-8", "replace")) for path in work.glob("callgrind.out.*")]
    for old in work.glob("callgrind.out.*"):
        old.unlink()
    # Forked children count from their parent's number on or from zero; pytest itself has done the most.
    return max(totals)


def total(text: str) -> int:
    """The last total that callgrind wrote, in instructions."""
    found = _TOTAL.findall(text)
    if not found:
        raise RefusedError("callgrind wrote no total")
    return int(found[-1])
