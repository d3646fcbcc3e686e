"""``hygiene.check()``: what can be said of a test's leaks while it goes on.

What was dropped is known, and cycles can be looked for.  What is open may still be closed: by the function
that runs, by the test's instance, or by a fixture.  So a context that is still pushed counts only if none of
these refers to it.  In strict mode, so does a resource that a global of the test's module holds.

Loaded with the fixture ``hygiene``.
"""

from __future__ import annotations

from types import CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING, Any, cast

import pytest

from . import own_modules
from .faults import harmless
from .heap.holders import Holder
from .ledger import Attempt
from .stacks import STOP_FILES, Stack

if TYPE_CHECKING:
    from .findings import Finding
    from .heap.holders import HolderFinder
    from .origin import OriginMap
    from .run import Run


class Checkpoint:
    """Looks for the leaks of the test that runs now."""

    def __init__(self, run: Run, item: pytest.Item) -> None:
        self.ledger = run.ledger
        self._run = run
        self._item = item

    @harmless
    def so_far(self, frame: FrameType | None) -> list[Finding]:
        """What was found so far, and no report has told of.  ``frame``: the one that asks."""
        self._look(frame)
        attempt = self.ledger.attempt
        return [] if attempt is None else self.ledger.charges.so_far(attempt)

    @harmless
    def take(self, frame: FrameType | None) -> list[Finding]:
        """The same, of which no report will tell any more.

        What fails nothing is entered for the summary at once; the rest is the caller's to report.
        """
        self._look(frame)
        attempt = self.ledger.attempt
        if attempt is None:
            return []
        found = self.ledger.charges.so_far(attempt, take=True)
        rest = [f for f in found if not f.is_leak]
        if rest:
            self.ledger.add(attempt.nodeid, rest)
        return found

    def _look(self, frame: FrameType | None) -> None:
        self._run.sweep_so_far()
        run, attempt = self._run, self.ledger.attempt
        if attempt is None or not attempt.call_begun or attempt.call_swept or not run.full:
            # Before the call and after it, all that is open may be about to be closed.
            return
        running = _Running(frame, self._item, run.origin)
        try:
            if run.contexts.any_pushed:
                self._contexts(attempt, running)
            if run.settings.strict:
                self._left_open(attempt, running)
        finally:
            running.clear()

    def _contexts(self, attempt: Attempt, running: _Running) -> None:
        run = self._run
        pushed = run.contexts.leaked(attempt.owners_of_test, run.responses.holds, run.pushes_before_call)
        for birth, push in pushed:
            if running.entered(birth.stack) or running.may_close(push[0]):
                # Nor can those below it be popped.
                break
            name = type(push[0]).__name__
            run.contexts.pop(push)
            run.evidence.of_birth(birth, "left_open", f"{name} is still pushed")

    def _left_open(self, attempt: Attempt, running: _Running) -> None:
        module = getattr(self._item, "module", None)
        if not isinstance(module, ModuleType):
            return
        for birth, thing in self._run.leftovers.open_now(attempt.owners_of_test):
            if thing is None or running.may_close(thing):
                continue
            name = _global_that_holds(module, thing)
            if name:
                holder = Holder("global", f"{module.__name__}.{name}", in_tests=True)
                self._run.evidence.of_left_open(birth, thing, cast("HolderFinder", _Known(holder)))
            del thing


class _Known:
    """In the place of a :class:`HolderFinder`, where the holder is known."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder

    def find(self, *_: object) -> Holder:
        return self._holder


class _Running:
    """The reader's functions that run now, and what they, the test's instance and its fixtures refer to."""

    def __init__(self, frame: FrameType | None, item: pytest.Item, origin: OriginMap) -> None:
        self._codes: set[CodeType] = set()
        values: list[Any] = list((getattr(item, "funcargs", None) or {}).values())
        values.append(getattr(item, "_instance", None))
        while frame is not None and frame.f_code.co_filename not in STOP_FILES:
            code = frame.f_code
            if origin.is_reader(code.co_filename):
                self._codes.add(code)
                if code.co_name != "<module>":
                    # Up to Python 3.12 f_locals keeps what a variable holds until the function returns.
                    values += frame.f_locals.values()
            frame = frame.f_back
        self._values = values

    def entered(self, stack: Stack) -> bool:
        """Whether a context was pushed by a ``with`` block in a function that still runs."""
        return (
            len(stack) > 1
            and stack[0][0].co_name == "__enter__"
            and any(code in self._codes for code, _ in stack)
        )

    def may_close(self, thing: object) -> bool:
        """Whether one of them refers to it, and so may close it."""
        with own_modules():
            from .heap.reach import reaches
        return reaches(self._values, thing)

    def clear(self) -> None:
        """Hold nothing of the user's any longer."""
        self._values.clear()


def _global_that_holds(module: ModuleType, thing: object) -> str:
    """The name of a global from which it can be reached; empty if there is none."""
    with own_modules():
        from .heap.reach import reaches
    # A copy: other threads may define globals meanwhile.
    for name, value in list(vars(module).items()):
        if reaches([value], thing):
            return name
    return ""
