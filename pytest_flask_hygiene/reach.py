"""Whether an object can be reached from another: from a fixture's value, which is to close it, say."""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Container, Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final

_MAX_OBJECTS: Final = 50_000
#: Through these everything can be reached: a function knows its module, a class its subclasses.
_WAY_OUT: Final = (ModuleType, FunctionType, type, CodeType, FrameType, BuiltinFunctionType)
#: The module and the name of classes whose instances all of the program shares.
_SHARED: Final = (
    ("logging", "Logger"),
    ("threading", "Thread"),
    ("asyncio.base_events", "BaseEventLoop"),
)


def reaches(start: Iterable[Any], wanted: object) -> bool:
    """Whether ``wanted`` itself, or an equal string, can be reached from one of the objects in ``start``."""
    if type(wanted) is str:
        return any(type(each) is str and each == wanted for each in _reachable(start, _WAY_OUT))
    return any(each is wanted for each in _reachable(start, _WAY_OUT))


def parts_of(thing: object, wanted: Container[int]) -> set[int]:
    """The ids, of those wanted, of what an object has for itself.

    Not what it shares with all the program: a logger has everybody's handlers, an event loop all connections.
    """
    shared = tuple(
        cls
        for module, name in _SHARED
        if isinstance(cls := getattr(sys.modules.get(module), name, None), type)
    )
    found = {
        id(each) for each in _reachable(gc.get_referents(thing), (*_WAY_OUT, *shared)) if id(each) in wanted
    }
    return found - {id(thing)}


def _reachable(start: Iterable[Any], not_past: tuple[type, ...]) -> Iterator[Any]:
    """These objects and all that they refer to, except instances of ``not_past``: the nearest first."""
    seen: set[int] = set()
    queue = deque(start)
    try:
        while queue and len(seen) < _MAX_OBJECTS:
            candidate = queue.popleft()
            cls = type(candidate)
            if cls is str:
                yield candidate
            elif id(candidate) not in seen and not issubclass(cls, not_past):
                seen.add(id(candidate))
                yield candidate
                queue.extend(gc.get_referents(candidate))
    finally:
        queue.clear()
