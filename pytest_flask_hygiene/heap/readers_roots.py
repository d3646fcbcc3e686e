"""The shortest way to an object from what the reader's own code keeps: modules, loggers, running threads.

Mostly that is what holds a resource that is left open, and it is found without looking at the heap, which
``gc.get_referrers()`` has to do for each step of the way back: 20 ms each time with two million objects.
"""

from __future__ import annotations

import functools
import gc
import logging
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from types import (
    CellType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any, Final, cast

from ..files import FILES
from ..origin import OriginMap
from ..static_attributes import LRU_CACHE, address, module_of
from .references import SEES_RUNNING_FRAMES, values_of

#: References that are followed: about 20 ms.
_MAX_REFERENCES: Final = 100_000
#: References on the way; a longer one is for the search from the other end to find (``holders.py``).
_MAX_STEPS: Final = 6
#: Longer containers are not looked into.
_MAX_LENGTH: Final = 5_000
_CONTAINERS: Final = (dict, list, tuple, set, frozenset, deque)
#: Not the classes themselves: ``in`` would ask a class of the user's whether it is equal.
_CONTAINER_ADDRESSES: Final = frozenset(map(address, _CONTAINERS))
#: Of objects that refer to nothing; most are.
_PLAIN_ADDRESSES: Final = frozenset(map(address, (str, int, bool, float, bytes, type(None))))
#: Other people's classes whose instances may hold something for the reader.
_PASSED: Final = (
    CellType,
    MethodType,
    GeneratorType,
    CoroutineType,
    functools.partial,
    LRU_CACHE,
    FILES,
    tempfile._TemporaryFileWrapper,
    threading.Thread,
    logging.Logger,
    logging.Handler,
)


class ReadersRoots:
    """What the reader's code keeps now; for one search, since it refers to the reader's modules."""

    def __init__(self, origin: OriginMap) -> None:
        self._origin = origin
        self._modules = [module for module in list(sys.modules.values()) if self._is_readers(module)]
        self._names = {vars(module).get("__name__") for module in self._modules}
        self._namespaces = {address(vars(module)) for module in self._modules}

    def _is_readers(self, module: object) -> bool:
        """Whether it is the reader's module; not a subclass's, which might load itself when it is asked."""
        file = vars(module).get("__file__") if type(module) is ModuleType else None
        return isinstance(file, str) and self._origin.is_reader(file)

    def chain_to(self, wanted: object) -> list[Any]:
        """From a module, a logger or a thread to the object; empty if there is none as short as that."""
        search = _Search()
        try:
            self._add_roots(search, wanted)
            followed = 0
            while search.queue and followed < _MAX_REFERENCES:
                holder, number, steps = search.queue.popleft()
                referents = self._referents(holder)
                followed += len(referents)
                for referent in referents:
                    if referent is wanted:
                        return [*search.way_to(number), wanted]
                    if (
                        steps < _MAX_STEPS
                        and address(type(referent)) not in _PLAIN_ADDRESSES
                        and search.is_new(referent)
                        and self._is_passed(referent)
                    ):
                        search.add(referent, number, steps + 1)
            return []
        finally:
            search.clear()

    def _add_roots(self, search: _Search, wanted: object) -> None:
        # Not the wanted object: of a running thread it is told that it runs, so it holds itself.
        for root in (*self._modules, *_loggers_and_threads()):
            if root is not wanted:
                search.add(root)
        for thread, frame in self._running():
            if thread is not wanted:
                search.add(frame, search.note(thread))

    def _running(self) -> Iterator[tuple[threading.Thread, Any]]:
        """The reader's frames in other threads: what only their local variables hold is on no heap."""
        if not SEES_RUNNING_FRAMES:
            return
        # Not by thread.ident, which a subclass may replace.
        current, threads = threading.get_ident(), dict(threading._active)  # type: ignore[attr-defined]
        for ident, frame in sys._current_frames().items():
            thread, each = threads.get(ident), cast("FrameType | None", frame)
            while each is not None and thread is not None and ident != current:
                if self._origin.is_reader(each.f_code.co_filename):
                    yield thread, each
                each = each.f_back

    def _is_passed(self, thing: object) -> bool:
        """Whether the search goes on from an object: a container, or one of the reader's own classes."""
        cls = type(thing)
        if address(cls) in _CONTAINER_ADDRESSES:
            # Another module's globals are no part of what this one holds.
            return address(thing) not in self._namespaces
        if issubclass(cls, (ModuleType, FrameType)):
            return False
        if issubclass(cls, (*_PASSED, *_CONTAINERS)):
            return True
        if cls is FunctionType:
            return bool(thing.__closure__ or thing.__defaults__ or thing.__kwdefaults__)  # type: ignore[attr-defined]
        return module_of(thing if issubclass(cls, type) else cls) in self._names  # type: ignore[arg-type]

    def _referents(self, holder: Any) -> list[Any]:
        """A new list of what an object refers to, as far as that is of interest."""
        cls = type(holder)
        if cls is GeneratorType or cls is CoroutineType:
            frame = holder.gi_frame if cls is GeneratorType else holder.cr_frame
            return [] if frame is None else values_of(frame, holder)
        if cls is FrameType:
            return values_of(holder, holder)
        if cls is ModuleType:
            return list(vars(holder).values())
        if address(cls) in _CONTAINER_ADDRESSES and len(holder) > _MAX_LENGTH:
            return []
        if cls is FunctionType:
            return [holder.__closure__, holder.__defaults__, holder.__kwdefaults__]
        return gc.get_referents(holder)


class _Search:
    """Breadth first, from the roots on."""

    def __init__(self) -> None:
        self.queue: deque[tuple[Any, int, int]] = deque()
        """An object, its number, and how many references it is from its root."""
        self._came_from: list[tuple[Any, int]] = []
        """By number: an object, and the number of the one that refers to it; -1 for a root."""
        self._seen: set[int] = {address(self.queue), address(self._came_from)}

    def note(self, thing: object, parent: int = -1) -> int:
        """Give an object a number."""
        self._came_from.append((thing, parent))
        return len(self._came_from) - 1

    def add(self, thing: object, parent: int = -1, steps: int = 0) -> None:
        """What the object refers to is to be looked at."""
        self._seen.add(address(thing))
        self.queue.append((thing, self.note(thing, parent), steps))

    def is_new(self, thing: object) -> bool:
        return address(thing) not in self._seen

    def way_to(self, number: int) -> list[Any]:
        """From a root to the object with this number."""
        way = []
        while number >= 0:
            thing, number = self._came_from[number]
            way.append(thing)
        way.reverse()
        return way

    def clear(self) -> None:
        self.queue.clear()
        self._came_from.clear()


def _loggers_and_threads() -> Iterator[object]:
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger) and logger.handlers:
            yield logger
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            yield thread
