"""When an owner has ended: what it left open is looked for, what holds it is named, and both are recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import own_modules
from .birth import Birth
from .births import BirthRecorder
from .clock import Clock
from .files import is_open_descriptor
from .findings import Owner
from .fixture_life import FixtureLife
from .origin import OriginMap
from .threads import GRACE_SECONDS, ThreadRecorder, executor_of

if TYPE_CHECKING:
    import pytest

    from .checks.left_open import LeftOpenCheck
    from .heap.holders import HolderFinder


class Leftovers:
    """Judges what owners have left open when they end."""

    def __init__(
        self,
        births: BirthRecorder,
        threads: ThreadRecorder,
        on_left_open: Callable[[Birth, object, HolderFinder], None],
        origin: OriginMap,
        fixtures: FixtureLife,
        is_temporary_anyway: Callable[[str], bool],
        thaw: Callable[[], None],
    ) -> None:
        """``is_temporary_anyway`` tells of a directory whether pytest removes it.

        ``thaw`` makes the whole heap visible (``gc.unfreeze()``), in which holders may have to be looked for.
        """
        self._is_temporary_anyway = is_temporary_anyway
        self._births = births
        self._threads = threads
        self._on_left_open = on_left_open
        self._origin = origin
        self._holders: HolderFinder | None = None
        self._fixtures = fixtures
        self._thaw = thaw
        self._slow: list[tuple[float, Birth]] = []
        """Threads that were still running when their owners ended, each with the time until which it may."""

    @cached_property
    def _check(self) -> LeftOpenCheck:
        with own_modules():
            from .checks.left_open import LeftOpenCheck
        return LeftOpenCheck(self._births, self._threads, self._is_temporary_anyway)

    def open_now(self, owners: Collection[Owner]) -> list[tuple[Birth, object]]:
        """What these owners, who have not ended yet, have open, except threads."""
        return self._check.find(owners) if self.may_be_of(owners) else []

    def may_be_of(self, owners: Collection[Owner]) -> bool:
        """Whether one of these owners seems to have something open."""
        return any(owner.opened for owner in owners) and self._check.may_have(owners)

    def judge(self, owners: Collection[Owner] | None, item: pytest.Item | None = None, *, wait: bool) -> None:
        """Record what is open although these owners (None: all) have ended; ``item`` is the test that ends.

        ``wait``: wait for running threads, which have ``GRACE_SECONDS`` to end; else
        :meth:`judge_slow_threads` looks again later.
        """
        if owners is not None and not self.may_be_of(owners):
            return
        threads = []
        if wait:
            threads = self._threads.alive_after_grace(owners)
        else:
            end = Clock.monotonic() + GRACE_SECONDS
            self._slow += [(end, birth) for birth, _ in self._threads.alive(owners)]
        found = self._check.find(owners) if owners is not None or self._may_be_readers() else []
        found += threads
        threads.clear()
        parts = self._take_parts(found) if any(type(birth) is not Birth for birth, _ in found) else {}
        while found:
            birth, thing = found.pop(0)
            self._record(birth, thing, item)
            if birth.reported:
                for part in parts.get(id(birth), ()):
                    part.reported = True
            del thing
        if owners is not None:
            self._check.forget_closed(owners)

    @staticmethod
    def _take_parts(found: list[tuple[Birth, Any]]) -> dict[int, list[Birth]]:
        """Take out of ``found`` what a plugin's resource has opened for itself: a connection's socket, say.

        Returns those births by the ``id()`` of the birth that they are part of.
        """
        with own_modules():
            from .heap.reach import parts_of
        inner = {id(thing): birth for birth, thing in found if thing is not None}
        parts: dict[int, list[Birth]] = {}
        taken: set[int] = set()
        for birth, thing in found:
            # Of two that refer to each other the first has the second.
            if type(birth) is not Birth and id(thing) not in taken:
                keys = parts_of(thing, inner) - taken
                taken |= keys
                parts[id(birth)] = [inner[key] for key in keys]
        found[:] = [entry for entry in found if id(entry[1]) not in taken]
        return parts

    def _may_be_readers(self) -> bool:
        """Whether anything seems to be open that the reader's code has opened.

        pytest always has files open, of no interest to anybody, for which the heap need not be searched.
        """
        births = self._births
        # A copy: to tell whose code it is, files are opened.
        for descriptor, birth in births.by_descriptor.copy().items():
            if self._is_readers(birth) and is_open_descriptor(descriptor):
                return True
        return any(map(self._is_readers, (*births.by_path.values(), *births.by_id.values())))

    def _is_readers(self, birth: Birth) -> bool:
        return not birth.reported and any(self._origin.is_reader(code.co_filename) for code, _ in birth.stack)

    def judge_slow_threads(self) -> None:
        """Record the threads that still run although their time to end is over."""
        if not self._slow:
            return
        now = Clock.monotonic()
        due = [birth for end, birth in self._slow if end <= now]
        self._slow = [entry for entry in self._slow if entry[0] > now]
        still_running = {id(birth): thread for birth, thread in self._threads.alive(None)}
        for birth in due:
            if id(birth) in still_running:
                self._record(birth, still_running[id(birth)], None)
        still_running.clear()

    def _record(self, birth: Birth, thing: object, item: pytest.Item | None) -> None:
        if birth.kind == "thread":
            thing = executor_of(thing) or thing
        # A directory is held by its path.
        fixture = self._fixtures.which_holds(birth.path if birth.kind == "tempdir" else thing, item)
        if fixture is not None:
            # It is judged again when the fixture ends.
            birth.hand_over(fixture)
        else:
            if self._holders is None:
                with own_modules():
                    from .heap.holders import HolderFinder
                self._holders = HolderFinder(self._origin, self._births.fault, self._thaw)
            self._on_left_open(birth, thing, self._holders)
