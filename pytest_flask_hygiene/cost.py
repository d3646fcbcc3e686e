"""What the checks cost, as far as the plugin can measure it itself.

Counted is all that runs between pytest's hooks and ours: collections, judging, searching, the session's end.
Not counted is what is too short to be measured each time: watching an ``open()``, a request, a push of a
context.  ``docs/cost.md`` has those, and compares this figure with whole runs.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

#: From this share of the run on, and from so many seconds, the summary says why.
_MUCH: Final = 0.05
_MUCH_SECONDS: Final = 0.5

START: Final = "start-up"
COLLECTIONS: Final = "collections after the tests"
CYCLES: Final = "looking at exception cycles"
LEFT_OPEN: Final = "looking for what is left open, and for what holds it"
END: Final = "the last collection of the whole heap"

_ADVICE: Final = {
    COLLECTIONS: "each test makes many objects: a fixture of wider scope makes them once",
    CYCLES: "many tests leave exceptions in cycles",
    LEFT_OPEN: "many tests leave something open",
    END: "the heap is large",
}


class Cost:
    """Seconds of this process; under pytest-xdist the controller's are the sum of all."""

    __slots__ = ("_began", "busy", "others", "parts", "seconds")

    def __init__(self) -> None:
        self._began = perf_counter()
        self.seconds = 0.0
        """That the plugin's own work took."""
        self.parts: dict[str, float] = {}
        """Some of it, by what it was."""
        self.others = 0.0
        """How long other processes ran, whose work is counted here."""
        self.busy = False
        """At work now: what is called meanwhile is counted already."""

    def add(self, part: str, began: float) -> None:
        """Name a part of the work: the time since ``began``, as ``time.perf_counter()`` gave it."""
        self.parts[part] = self.parts.get(part, 0.0) + perf_counter() - began

    @property
    def of_run(self) -> float:
        """The share of the time since the plugin was loaded."""
        run = self.others or perf_counter() - self._began
        # Of a run with workers the controller's own time is not counted, but its work is.
        return min(self.seconds / run, 1.0) if run > 0 else 0.0

    @property
    def is_high(self) -> bool:
        return self.seconds >= _MUCH_SECONDS and self.of_run > _MUCH

    def line(self) -> str:
        """``checks: 0.31 s, 2 % of the run``, and why, if that is much."""
        share = 100 * self.of_run
        text = f"checks: {self.seconds:.2f} s, {share:.0f} % of the run"
        if self.is_high and self.parts:
            part = max(self.parts, key=lambda name: self.parts[name])
            text += f", mostly {part} ({self.parts[part]:.2f} s)"
            if part in _ADVICE:
                text += f": {_ADVICE[part]}"
        return text

    def to_data(self) -> dict[str, Any]:
        """For another process."""
        return {"seconds": self.seconds, "run": perf_counter() - self._began, "parts": self.parts}

    def add_data(self, data: dict[str, Any]) -> None:
        """Of another process."""
        self.seconds += data["seconds"]
        self.others += data["run"]
        for name, value in data["parts"].items():
            self.parts[name] = self.parts.get(name, 0.0) + value
