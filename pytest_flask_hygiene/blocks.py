"""``hygiene.allow(...)``: what is opened inside such a block is allowed, whenever it is found.

While a block is open, parts take the place of the test and of its fixtures.  A part is an owner of its own
that is charged in the same reports, and whose findings the block allows.  Threads that are started meanwhile,
and engines and log handlers that are made, belong to those parts, and with them what they open later.

Loaded with the first block, which replaces two methods of :class:`~pytest_flask_hygiene.owners.OwnerTracker`.
"""

from __future__ import annotations

import ast
import linecache
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from . import own_modules
from .faults import harmless
from .findings import Frame, Owner
from .ledger import Attempt, Ledger
from .owners import OwnerTracker

if TYPE_CHECKING:
    from .marks import AllowLeak


class Block:
    """One ``with hygiene.allow(...):``, under way or over.  It holds nothing of the user's."""

    def __init__(self, allow: AllowLeak, attempt: Attempt, frame: FrameType) -> None:
        self.allow = allow
        self.attempt = attempt
        self.thread = threading.get_ident()
        code = frame.f_code
        self._path, self._function, self._line = code.co_filename, code.co_name, frame.f_lineno
        self._lines: range | None = None
        self._parts: dict[Owner, Owner] = {}

    def part_of(self, owner: Owner) -> Owner:
        """The part of an owner that is inside this block.

        Only the test that has entered it, and that test's fixtures, have such parts.  Any other owner is
        returned as it is.
        """
        if not self.attempt.owns(owner):
            return owner
        part = self._parts.get(owner)
        if part is None:
            allow = self.allow
            text = f"{sorted(allow.kinds)} {allow.match and allow.match.pattern} {allow.reason};"
            part = Owner(
                owner.scope,
                owner.name,
                nodeid=owner.nodeid,
                path=owner.path,
                line=owner.line,
                inside=owner.inside + text,
                class_name=owner.class_name,
            )
            part.marks, part.failed = owner.marks, owner.failed
            part.allows = (*owner.allows, allow)
            part.whole = owner.whole or owner
            # What a part opens marks the part only; whether a teardown is looked at depends on the whole.
            part.whole.opened = True
            self._parts[owner] = part
            self.attempt.parts.append(part)
        return part

    def ran(self, frames: tuple[Frame, ...]) -> bool:
        """Whether one of these frames was inside the block."""
        return any(
            (f.path, f.function) == (self._path, self._function) and f.line in self._own_lines()
            for f in frames
        )

    def _own_lines(self) -> range:
        """The lines of the block, read from the source when they are first asked for."""
        if self._lines is None:
            # From Python 3.13 on linecache imports what it needs each time.
            with own_modules():
                source = "".join(linecache.getlines(self._path))
            self._lines = _lines_of_block(source, self._line)
        return self._lines


def _lines_of_block(source: str, line: int) -> range:
    """The lines of the ``with`` statement's body that was entered at this line.

    Empty if no such statement is there: a block may also be entered by an ``ExitStack``.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return range(0)
    for node in ast.walk(tree):
        # Its head alone: the first line of the body may be a with statement itself.
        if isinstance(node, (ast.With, ast.AsyncWith)) and node.lineno <= line <= _end_of_head(node):
            return range(node.body[0].lineno, (node.end_lineno or line) + 1)
    return range(0)


def _end_of_head(node: ast.With | ast.AsyncWith) -> int:
    last = node.items[-1]
    return (last.optional_vars or last.context_expr).end_lineno or node.lineno


class Blocks:
    """All blocks of a run.  ``sweep`` looks for the exception cycles that were made so far."""

    def __init__(self, owners: OwnerTracker, ledger: Ledger, sweep: Callable[[], None]) -> None:
        self.ledger = ledger
        self._owners = owners
        self._sweep = sweep
        self._open: list[Block] = []
        """Those that are under way, the innermost last."""
        self._over: list[Block] = []
        """Those of the test that are over; what they have made may be garbage only later."""

    @harmless
    def enter(self, allow: AllowLeak, frame: FrameType) -> Block | None:
        """Open a block.  ``frame``: of the function that has the ``with`` statement."""
        attempt = self.ledger.attempt
        if attempt is None:
            return None
        self._sweep_for(allow)
        block = Block(allow, attempt, frame)
        self._over = [over for over in self._over if over.attempt is attempt]
        self._open.append(block)
        self._owners.get = self._get  # type: ignore[method-assign]
        self._owners.within = self._within  # type: ignore[method-assign]
        return block

    @harmless
    def leave(self, block: Block) -> None:
        """Close a block; nothing if that is closed already."""
        if block in self._open:
            self._sweep_for(block.allow)
            self._open.remove(block)
            self._over.append(block)
        if not self._open:
            self._owners.__dict__.pop("get", None)

    def leave_all(self, attempt: Attempt) -> None:
        """The test has ended: so have its blocks, also that of a generator that nobody ran to its end."""
        for block in [block for block in self._open if block.attempt is attempt]:
            self.leave(block)

    def _sweep_for(self, allow: AllowLeak) -> None:
        """Tell the cycles that were made until now from those of the block, or behind it."""
        if not allow.kinds or "cycle" in allow.kinds:
            self._sweep()

    def _get(self) -> Owner:
        """In the place of ``OwnerTracker.get`` while a block is open."""
        return self._within(OwnerTracker.get(self._owners))

    def _within(self, owner: Owner, frames: tuple[Frame, ...] = ()) -> Owner:
        """In the place of ``OwnerTracker.within``.  ``frames``: those of an exception cycle."""
        thread = threading.get_ident()
        for block in self._open:
            if block.thread == thread:
                owner = block.part_of(owner)
        for block in self._over if frames else ():
            # An exception of the test's own frame, which goes on, is garbage only when the frame is.
            if block.ran(frames):
                owner = block.part_of(owner)
        return owner
