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

from .files import FILES
from .origin import OriginMap
from .references import SEES_RUNNING_FRAMES, values_of
from .static_attributes import LRU_CACHE, address, is_one_of, module_of

#: References that are followed: about 20 ms.
_MAX_REFERENCES: Final = 100_000
#: What a library's object is part of is for the search from the other end to say.
_MAX_STEPS: Final = 6
_MAX_LENGTH: Final = 5_000
_CONTAINERS: Final = (dict, list, tuple, set, frozenset, deque)
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
    """Of one look; it refers to the reader's objects until it is cleared."""

    def __init__(self, origin: OriginMap) -> None:
        self._origin = origin
        self._modules = [module for module in list(sys.modules.values()) if self._is_readers(module)]
        self._names = {vars(module).get("__name__") for module in self._modules}
        self._namespaces = {address(vars(module)) for module in self._modules}

    def _is_readers(self, module: object) -> bool:
        file = vars(module).get("__file__") if type(module) is ModuleType else None
        return isinstance(file, str) and self._origin.is_reader(file)

    def chain_to(self, wanted: object) -> list[Any]:
        """From a module, a logger or a thread to the object; empty if there is none as short as that."""
        found: list[Any] = []
        queue: deque[tuple[Any, int, int]] = deque()
        came_from: list[tuple[Any, int]] = []
        seen: set[int] = {address(came_from), address(queue), address(found)}

        def add(thing: object, parent: int, steps: int) -> None:
            seen.add(address(thing))
            came_from.append((thing, parent))
            queue.append((thing, len(came_from) - 1, steps))

        try:
            for root in (*self._modules, *_loggers_and_threads()):
                # That a thread runs is what is told of it: it holds itself.
                if root is not wanted:
                    add(root, -1, 0)
            frame: Any = None
            for thread, frame in self._running():
                if thread is wanted:
                    continue
                came_from.append((thread, -1))
                add(frame, len(came_from) - 1, 0)
            frame = None
            followed = 0
            while queue and followed < _MAX_REFERENCES:
                holder, number, steps = queue.popleft()
                referents = self._referents(holder)
                followed += len(referents)
                for referent in referents:
                    if referent is wanted:
                        found.append(wanted)
                        while number >= 0:
                            thing, number = came_from[number]
                            found.append(thing)
                        found.reverse()
                        return list(found)
                    if steps < _MAX_STEPS and address(referent) not in seen and self._is_passed(referent):
                        add(referent, number, steps + 1)
                referents.clear()
            return []
        finally:
            queue.clear()
            came_from.clear()
            found.clear()

    def _running(self) -> Iterator[tuple[threading.Thread, Any]]:
        """The reader's frames in other threads: what only their local variables hold is on no heap."""
        if not SEES_RUNNING_FRAMES:
            return
        current, threads = threading.get_ident(), {t.ident: t for t in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            thread, each = threads.get(ident), cast("FrameType | None", frame)
            while each is not None and thread is not None and ident != current:
                if self._origin.is_reader(each.f_code.co_filename):
                    yield thread, each
                each = each.f_back

    def _is_passed(self, thing: object) -> bool:
        cls = type(thing)
        if is_one_of(cls, _CONTAINERS):
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
        cls = type(holder)
        if cls is GeneratorType or cls is CoroutineType:
            frame = holder.gi_frame if cls is GeneratorType else holder.cr_frame
            return [] if frame is None else values_of(frame, holder)
        if cls is FrameType:
            return values_of(holder, holder)
        if cls is ModuleType:
            return list(vars(holder).values())
        if is_one_of(cls, _CONTAINERS) and len(holder) > _MAX_LENGTH:
            return []
        if cls is FunctionType:
            return [holder.__closure__, holder.__defaults__, holder.__kwdefaults__]
        return gc.get_referents(holder)


def _loggers_and_threads() -> Iterator[object]:
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger) and logger.handlers:
            yield logger
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            yield thread
