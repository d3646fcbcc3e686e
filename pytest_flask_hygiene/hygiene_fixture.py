"""The object that the fixture ``hygiene`` gives to a test: ``check()``, ``allow()`` and ``findings``.

Loaded only where a test uses the fixture.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING

import pytest

from . import own_modules
from .leak_error import LeakError
from .marks import AllowLeak, make_allow
from .raised_leaks import add_leaks, register
from .usage import with_page

if TYPE_CHECKING:
    from .blocks import Block
    from .checkpoint import Checkpoint
    from .findings import Finding
    from .ledger import Attempt
    from .run import Run


class Hygiene:
    """Ask for a test's leaks before it ends, and allow some of them."""

    def __init__(self, request: pytest.FixtureRequest, run: Run | None) -> None:
        self._name: str = request.node.name
        self._nodeid: str = request.node.nodeid
        self._run = run
        self._attempt: Attempt | None = None
        self._checkpoint: Checkpoint | None = None
        self._consumed: list[Finding] = []
        """What ``check()`` has told of; no report will."""
        self._start = request.config.invocation_params.dir
        if run is not None:
            with own_modules():
                from .checkpoint import Checkpoint
            self._attempt = run.ledger.attempt
            self._checkpoint = Checkpoint(run, request.node)
            register(request.config, run)

    def check(self) -> None:
        """Fail now if the test or one of its fixtures has leaked something, and report it only here.

        It looks for what was dropped, for exception cycles, and for contexts that were pushed and that
        nothing in the running test refers to; with ``--hygiene-strict`` also for what fails there, as far as
        that can be told by now.  What marks and :meth:`allow` cover is counted, and fails nothing.  With
        ``--hygiene=warn`` leaks are listed in the summary, and fail nothing.

        Raises :class:`~pytest_flask_hygiene.LeakError`; RuntimeError if the test has ended.
        """
        __tracebackhide__ = True
        run, checkpoint = self._run, self._ready()
        if run is None or checkpoint is None:
            return
        # None, where it has met a fault of ours.
        found = checkpoint.take(sys._getframe(1)) or []
        self._consumed += found
        leaks = [f for f in found if f.is_leak]
        if leaks and run.settings.mode == "warn":
            add_leaks(run, self._nodeid, leaks)
        elif leaks:
            with own_modules():
                from .report.failure import failure_text
            raise LeakError(failure_text(leaks, self._name, self._start), leaks)

    @property
    def findings(self) -> list[Finding]:
        """What was found in this test so far, also what :meth:`check` has reported.  It looks first.

        Each finding has ``kind``, ``state``, ``message``, ``site`` and ``outcome``; only one whose outcome is
        ``failed`` fails the test.  Raises RuntimeError if the test has ended.
        """
        checkpoint = self._ready()
        found = None if checkpoint is None else checkpoint.so_far(sys._getframe(1))
        return [*self._consumed, *(found or ())]

    def _ready(self) -> Checkpoint | None:
        """None if there is nothing to be asked.  Raises RuntimeError if the test has ended."""
        if self._run is None or self._checkpoint is None or self._attempt is None:
            # The plugin is off, or has met a fault of its own when the test began.
            return None
        if self._run.ledger.attempt is not self._attempt:
            raise RuntimeError(with_page(f"hygiene: it is the fixture of {self._nodeid}, which has ended"))
        return self._checkpoint

    def allow(self, *kinds: str, match: str | None = None, reason: str | None = None) -> Allowed:
        """A context manager: what is opened inside it is allowed, whenever it turns out to be leaked.

        So is what threads open that were started inside it.  The arguments are those of the marker
        ``allow_leak``: no kinds mean any; ``match`` is a regular expression, searched in the finding's
        message and in the file and function names of its site; ``reason`` is shown by ``-v``.

        Raises ValueError or TypeError for an unknown kind, a broken regular expression, or a reason that
        is not a string; RuntimeError if the test has ended.
        """
        __tracebackhide__ = True
        self._ready()
        try:
            allow = make_allow(kinds, match, reason)
        except (TypeError, ValueError) as error:
            raise type(error)(with_page(f"hygiene.allow: {error}")) from None
        return Allowed(self._run, AllowLeak(allow.kinds, allow.match, allow.reason or "hygiene.allow"))

    def close(self) -> None:
        """The fixture ends: leave the blocks that the test has not left."""
        # The cached property is there once a block was entered.
        if self._run is not None and self._attempt is not None and "blocks" in vars(self._run):
            self._run.blocks.leave_all(self._attempt)


class Allowed:
    """What ``allow()`` returns.  It may be entered again: one block behind the other, or inside the other."""

    def __init__(self, run: Run | None, allow: AllowLeak) -> None:
        self._run = run
        self._allow = allow
        self._blocks: list[Block | None] = []

    def __enter__(self) -> None:
        if self._run is not None:
            self._blocks.append(self._run.blocks.enter(self._allow, sys._getframe(1)))

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        block = self._blocks.pop() if self._blocks else None
        if self._run is not None and block is not None:
            self._run.blocks.leave(block)
