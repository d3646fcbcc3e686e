"""How much time the checks took, as far as the plugin can measure that itself.

What our hooks do is counted: collections, judging, searching, the session's end.  What is too short to be
measured each time is not: watching an ``open()``, a request, a push of a context.  ``docs/cost.md`` has
figures for those, and compares this one with whole runs.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, Final

#: The summary says why it is much, if it is both more than this share of the run and so many seconds.
_MUCH: Final = 0.05
_MUCH_SECONDS: Final = 0.5

# The parts that are measured, as the summary names them.
START: Final = "start-up"
COLLECTIONS: Final = "collections after the tests"
CYCLES: Final = "looking at exception cycles"
LEFT_OPEN: Final = "looking for what is left open, and for what holds it"
END: Final = "the last collection of the whole heap"

#: Why a part may take long.
_ADVICE: Final = {
    COLLECTIONS: "each test makes many objects, which a fixture of wider scope would make once",
    CYCLES: "many tests leave exceptions in cycles",
    LEFT_OPEN: "many tests leave something open",
    END: "the heap is large",
}


class Cost:
    """The time that this process has spent; with pytest-xdist, in the controller, that all have spent."""

    __slots__ = ("_began", "busy", "others", "parts", "seconds")

    def __init__(self) -> None:
        self._began = perf_counter()
        self.seconds = 0.0
        """How long the plugin's own work took."""
        self.parts: dict[str, float] = {}
        """How many of these seconds each of the parts above took; not all work belongs to one."""
        self.others = 0.0
        """How many seconds the other processes ran whose work is counted here, together."""
        self.busy = False
        """Our work is under way: what is called meanwhile is counted with it (see ``harmless``)."""

    def add(self, part: str, began: float) -> None:
        """Count the time since ``began``, as ``time.perf_counter()`` gave it, for a part of the work."""
        self.parts[part] = self.parts.get(part, 0.0) + perf_counter() - began

    @property
    def of_run(self) -> float:
        """The share of the run, from 0 to 1; the run begins when the plugin is loaded."""
        run = self.others or perf_counter() - self._began
        # Of a run with workers the controller's own time is not counted, but its work is.
        return min(self.seconds / run, 1.0) if run > 0 else 0.0

    @property
    def is_high(self) -> bool:
        """Whether it is so much that the summary says why."""
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
        """For another process: what ``add_data`` takes."""
        return {"seconds": self.seconds, "run": perf_counter() - self._began, "parts": self.parts}

    def add_data(self, data: dict[str, Any]) -> None:
        """Add what another process has spent."""
        self.seconds += data["seconds"]
        self.others += data["run"]
        for name, value in data["parts"].items():
            self.parts[name] = self.parts.get(name, 0.0) + value
