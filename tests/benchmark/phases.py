"""Small processes with and without the plugin: what one test, one request, one open costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import sources
from .measure import RefusedError, outcome, pytest_command, run, say
from .stats import rotated
from .suites import write
from .variants import VARIANTS

#: Which processor time counts: of the loop over the tests; of the whole process; from the loop's end to the
#: process's; or (time of day, since it is inside one thread) inside garbage collections.
Part = Literal["loop", "process", "end", "collector"]

COMPARED = ("plain", "hygiene")


@dataclass(frozen=True)
class Phase:
    name: str
    title: str
    part: Part
    files: Callable[[int], sources.Files]
    #: One size, or two whose difference is taken: how many units (tests, requests, opens).
    sizes: tuple[int, ...]
    #: How many seconds the result's unit has, and its name.
    scale: float = 1e-6
    unit: str = "µs"
    aim: float | None = None
    aim_percent: float | None = None
    repeat: int = 1

    @property
    def units(self) -> int:
        """How many units the measured time is divided by; a single size is one whole process."""
        return self.sizes[1] - self.sizes[0] if len(self.sizes) > 1 else 1


def _times(
    line: str, arguments: str = "", tests: int = 10, conftest: str = ""
) -> Callable[[int], sources.Files]:
    return lambda size: sources.suite(sources.repeated(tests, size, line, arguments), conftest)


def _request(line: str) -> Callable[[int], sources.Files]:
    return _times(line, "client", conftest=sources.APP)


def _on_heap(objects: int) -> Callable[[int], sources.Files]:
    return lambda size: sources.suite(sources.empty(size), sources.heap(objects))


def _no_flask(size: int) -> sources.Files:
    return {"pytest.ini": sources.INI, "test_all.py": sources.empty(size)}


def _with_flask(size: int) -> sources.Files:
    return {**_no_flask(size), "conftest.py": sources.APP}


def _requests(size: int) -> sources.Files:
    return sources.suite(sources.one_request_each(size), sources.APP)


PHASES = {
    each.name: each
    for each in (
        Phase(
            "start",
            "one empty test, Flask not imported: the whole process",
            "process",
            _no_flask,
            (1,),
            1e-3,
            "ms",
            aim=5,
            repeat=5,
        ),
        Phase(
            "start-flask",
            "one empty test, Flask imported: the whole process",
            "process",
            _with_flask,
            (1,),
            1e-3,
            "ms",
            repeat=5,
        ),
        Phase(
            "empty",
            "an empty test",
            "loop",
            lambda size: sources.suite(sources.empty(size)),
            (200, 4200),
            aim=30,
        ),
        Phase(
            "fixture",
            "a test with a function fixture",
            "loop",
            lambda size: sources.suite(sources.with_fixture(size)),
            (200, 4200),
        ),
        Phase(
            "sweep",
            "an empty test: inside garbage collections (Python's own, and sweeps)",
            "collector",
            lambda size: sources.suite(sources.empty(size)),
            (200, 4200),
        ),
        Phase(
            "request-text",
            "a request: text",
            "loop",
            _request('assert client.get("/text").text == "hello"'),
            (100, 5100),
            aim_percent=2,
        ),
        Phase(
            "request-file",
            "a request: a sent file, closed by the test",
            "loop",
            _request('client.get("/file").close()'),
            (100, 3100),
            aim_percent=2,
        ),
        Phase(
            "request-file-open",
            "a request: a sent file, left open by the test",
            "loop",
            _request('client.get("/file")'),
            (100, 3100),
            aim_percent=2,
        ),
        Phase(
            "open",
            "an `open()` and `close()`",
            "loop",
            _times("open(__file__).close()", tests=1),
            (100, 50_100),
        ),
        Phase("end", "the end of the session, after 1 test", "end", _requests, (1,), 1e-3, "ms", repeat=3),
        Phase("end-2000", "the end of the session, after 2,000 tests", "end", _requests, (2000,), 1e-3, "ms"),
        Phase("heap-0", "an empty test, no heap", "loop", _on_heap(0), (50, 1050)),
        Phase("heap-50k", "an empty test, 50,000 objects", "loop", _on_heap(50_000), (50, 1050)),
        Phase("heap-500k", "an empty test, 500,000 objects", "loop", _on_heap(500_000), (50, 1050)),
        Phase("heap-5m", "an empty test, 5,000,000 objects", "loop", _on_heap(5_000_000), (50, 1050)),
    )
}

#: One round: for each variant the seconds at each size.
Round = dict[str, list[float]]


def measure_phase(phase: Phase, rounds: int, work: Path) -> list[Round]:
    directories = [
        write(phase.files(size), work / "suites" / f"phase-{phase.name}-{size}") for size in phase.sizes
    ]
    result: list[Round] = []
    for number in range(rounds + 1):
        # The warm-up of a phase need not be repeated.
        repeat = phase.repeat if number else 1
        seconds = {name: [0.0] * len(directories) for name in COMPARED}
        for again in range(repeat):
            for index, directory in enumerate(directories):
                for name in rotated(COMPARED, number + again):
                    seconds[name][index] += _run(phase, name, directory, work) / repeat
        say(f"phase {phase.name} {f'round {number} of {rounds}' if number else 'warm-up'}: {_shown(seconds)}")
        if number:
            result.append(seconds)
    return result


def _run(phase: Phase, variant: str, directory: Path, work: Path) -> float:
    clock = work / "clock.json"
    clock.unlink(missing_ok=True)
    more = {"BENCH_CLOCK": str(clock)}
    if phase.part == "collector":
        more["BENCH_COLLECTOR"] = "1"
    usage, status, output = run(pytest_command((), VARIANTS[variant].pytest), directory, more)
    if status:
        raise RefusedError(f"phase {phase.name}, {variant}: {outcome(status, output)}")
    if phase.part == "process":
        return usage.cpu
    inside = json.loads(clock.read_text("utf-8"))
    if phase.part == "loop":
        return float(inside["end"] - inside["begin"])
    if phase.part == "end":
        return float(usage.cpu - inside["end"])
    return float(inside["collector"])


def _shown(seconds: Round) -> str:
    def numbers(values: Sequence[float]) -> str:
        return " and ".join(f"{value:.3f}" for value in values)

    return ", ".join(f"{name} {numbers(values)} s" for name, values in seconds.items())
