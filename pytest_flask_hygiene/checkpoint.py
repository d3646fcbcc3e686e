"""``hygiene.check()``: what can be said of a test's leaks while it goes on.

What was dropped is known, and cycles can be looked for.  What is open may still be closed: by the function
that runs, by the test's instance, by a fixture.  So a context counts only where none of these refers to it,
and in strict mode a resource that a global of the test's module holds.
"""

from __future__ import annotations

from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any, cast

import pytest

from . import own_modules
from .faults import harmless
from .holders import Holder
from .ledger import Attempt
from .stacks import STOP_FILES, Stack

if TYPE_CHECKING:
    from .findings import Finding
    from .holders import HolderFinder
    from .origin import OriginMap
    from .run import Run


class Checkpoint:
    def __init__(self, run: Run, item: pytest.Item) -> None:
        self.ledger = run.ledger
        self._run = run
        self._item = item

    @harmless
    def so_far(self, frame: FrameType | None) -> list[Finding]:
        """``frame``: of the reader, who asks."""
        self._look(frame)
        attempt = self.ledger.attempt
        return [] if attempt is None else self.ledger.charges.so_far(attempt)

    @harmless
    def take(self, frame: FrameType | None) -> list[Finding]:
        """The same; what fails nothing is entered at once, and what does is the caller's to report."""
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
                # What is below can't be popped yet.
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
    """The holder is known already, and need not be looked for."""

    def __init__(self, holder: Holder) -> None:
        self._holder = holder

    def find(self, *_: object) -> Holder:
        return self._holder


class _Running:
    """The functions of the reader that run now, and what they, the test's instance and fixtures refer to."""

    def __init__(self, frame: FrameType | None, item: pytest.Item, origin: OriginMap) -> None:
        self._codes = set()
        self._values: list[Any] = list((getattr(item, "funcargs", None) or {}).values())
        self._values.append(getattr(item, "_instance", None))
        while frame is not None and frame.f_code.co_filename not in STOP_FILES:
            code = frame.f_code
            if origin.is_reader(code.co_filename):
                self._codes.add(code)
                # Up to Python 3.12 this keeps what a variable holds until the function returns.
                self._values += frame.f_locals.values() if code.co_name != "<module>" else ()
            frame = frame.f_back
        self._values = [value for value in self._values if not _is_pytests(value)]

    def entered(self, stack: Stack) -> bool:
        """Whether a ``with`` block, of a function that still runs, has pushed it."""
        return (
            len(stack) > 1
            and stack[0][0].co_name == "__enter__"
            and any(code in self._codes for code, _ in stack)
        )

    def may_close(self, thing: object) -> bool:
        with own_modules():
            from .reach import reaches
        return reaches(self._values, thing)

    def clear(self) -> None:
        self._values.clear()


def _is_pytests(value: object) -> bool:
    """Whether it is an object of pytest's or ours: from a fixture request, all of pytest can be reached."""
    # Past whatever a metaclass has made of the name.
    module = type.__dict__["__dict__"].__get__(type(value)).get("__module__")
    return isinstance(module, str) and module.startswith(("_pytest.", "pytest_flask_hygiene."))


def _global_that_holds(module: ModuleType, thing: object) -> str:
    with own_modules():
        from .reach import reaches
    # A copy: other threads may define globals meanwhile.
    for name, value in list(vars(module).items()):
        if not _is_pytests(value) and reaches([value], thing):
            return name
    return ""
