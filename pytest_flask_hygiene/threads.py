"""Which threads run, who started them, and where."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Collection
from functools import partial, wraps
from typing import Any, Final

from .birth import Birth
from .births import BirthRecorder
from .clock import Clock
from .findings import UNKNOWN_OWNER, Owner
from .owners import OwnerTracker
from .stacks import capture_stack

#: How long a thread may take to end after its owner has: timers, executors that were shut down, servers.
GRACE_SECONDS: Final = 0.1

_LOOK_EVERY: Final = 0.002


class ThreadRecorder:
    """Remembers who started each thread, by a replacement of ``threading.Thread.start``."""

    def __init__(self, owners: OwnerTracker, births: BirthRecorder) -> None:
        self._owners = owners
        self._births = births
        # By id, because a user's thread may define a hash of its own.
        self._known: dict[int, tuple[weakref.ref[threading.Thread], Birth]] = {}
        self._undo: Callable[[], None] | None = None

    def start(self) -> None:
        """From now on what a thread opens belongs to the owner of the thread's start."""
        original = threading.Thread.start
        recorder = weakref.ref(self)

        @wraps(original)
        def start(self: threading.Thread) -> None:
            threads = recorder()
            if threads is not None:
                try:
                    threads._starts(self)
                except Exception as error:
                    threads._births.fault(error)
            del threads
            original(self)

        threading.Thread.start = start  # type: ignore[method-assign]

        def undo() -> None:
            if threading.Thread.start is start:
                threading.Thread.start = original  # type: ignore[method-assign]

        self._undo = undo
        self._owners.owner_of_thread = self.owner_of

    def stop(self) -> None:
        """Put ``Thread.start`` back, unless somebody else has replaced it since."""
        if self._undo is not None:
            self._undo()
            self._undo = None
        self._known.clear()

    def _starts(self, thread: threading.Thread) -> None:
        # Not thread.name and thread.ident, which a subclass may replace.
        attributes = vars(thread)
        if "_ident" not in attributes or attributes["_ident"] is not None:
            # Thread.start is about to raise: without Thread.__init__, and when a thread is started again.
            return
        key = id(thread)
        birth = Birth("thread", self._owners.get(), capture_stack(sys._getframe(2)), attributes["_name"])
        birth.ref = reference = weakref.ref(thread, partial(self._forget, key))
        self._known[key] = reference, birth

    def _forget(self, key: int, _: object) -> None:
        self._known.pop(key, None)

    def owner_of(self, thread: threading.Thread | None) -> Owner:
        """The owner of the thread's start; unknown for one that was started before the run, or from C."""
        entry = self._known.get(id(thread))
        return entry[1].owner if entry is not None and entry[0]() is thread else UNKNOWN_OWNER

    def alive(self, owners: Collection[Owner] | None) -> list[tuple[Birth, threading.Thread]]:
        """The running threads that one of these owners (None: anybody) has started, except reported ones."""
        found = []
        for reference, birth in list(self._known.values()):
            if birth.reported or not (owners is None or birth.owner in owners):
                continue
            thread = reference()
            if thread is not None and is_alive(thread):
                found.append((birth, thread))
        return found

    def run_for(self, owners: Collection[Owner] | None) -> bool:
        """Whether a thread that one of these owners (None: anybody) has started runs now, reported or not."""
        for reference, birth in list(self._known.values()):
            if owners is None or birth.owner in owners:
                thread = reference()
                if thread is not None and is_alive(thread):
                    return True
        return False

    def alive_after_grace(
        self,
        owners: Collection[Owner] | None,
        is_of_interest: Callable[[threading.Thread], bool] = lambda _: True,
    ) -> list[tuple[Birth, threading.Thread]]:
        """Those that are still alive when they have had ``GRACE_SECONDS``, all together, to end."""
        found = [entry for entry in self.alive(owners) if is_of_interest(entry[1])]
        end = Clock.monotonic() + GRACE_SECONDS
        # Counted as well, for the clock may stand.
        looks = iter(range(int(GRACE_SECONDS / _LOOK_EVERY)))
        for _, thread in found:
            # Not join(): some threads are never joined by anybody else, and a join could be overridden.
            while is_alive(thread) and Clock.monotonic() < end and next(looks, None) is not None:
                Clock.sleep(_LOOK_EVERY)
        return [(birth, thread) for birth, thread in found if is_alive(thread)]


def is_alive(thread: threading.Thread) -> bool:
    """Whether a thread runs and is not this one; past a subclass's ``is_alive()``."""
    return threading.Thread.is_alive(thread) and thread is not threading.current_thread()


def executor_of(thread: Any) -> object:
    """The ``ThreadPoolExecutor`` that a thread works for, if it is one of its workers."""
    module = sys.modules.get("concurrent.futures.thread")
    attributes = vars(thread)
    if module is None or attributes.get("_target") is not getattr(module, "_worker", None):
        return None
    for argument in attributes.get("_args") or ():
        executor = argument() if type(argument) is weakref.ref else None
        if executor is not None and issubclass(type(executor), module.ThreadPoolExecutor):
            return executor
    return None
