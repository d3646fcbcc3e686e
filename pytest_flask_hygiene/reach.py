"""Whether an object can be reached from another: from a fixture's value, which is to close it, say."""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Container
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final

_MAX_OBJECTS: Final = 50_000
#: Through these everything can be reached: a function knows its module, a class its subclasses.  What a
#: function closes over, or has as a default, is its own; so are the attributes of a class made in a function.
_WAY_OUT: Final = (ModuleType, FunctionType, type, CodeType, FrameType, BuiltinFunctionType)

# Past a metaclass, which may answer as it likes.
_qualified_name: Final = type.__dict__["__qualname__"].__get__
_attributes: Final = type.__dict__["__dict__"].__get__

_SHARED: Final = (
    ("logging", "Logger"),
    ("threading", "Thread"),
    ("asyncio.base_events", "BaseEventLoop"),
)


def reaches(start: list[Any], wanted: object) -> bool:
    """Whether ``wanted`` itself, or an equal string, can be reached from one of the objects in ``start``."""
    text = wanted if type(wanted) is str else None
    seen: set[int] = set()
    queue = deque(start)
    try:
        while queue and len(seen) < _MAX_OBJECTS:
            candidate = queue.popleft()
            cls = type(candidate)
            if candidate is wanted or (cls is str and text is not None and candidate == text):
                return True
            if cls is FunctionType and id(candidate) not in seen:
                seen.add(id(candidate))
                own = (candidate.__closure__, candidate.__defaults__, candidate.__kwdefaults__)
                queue.extend(part for part in own if part is not None)
                continue
            if (
                issubclass(cls, type)
                and "<locals>" in _qualified_name(candidate)
                and id(candidate) not in seen
            ):
                seen.add(id(candidate))
                queue.extend(_attributes(candidate).values())
                continue
            if cls is str or id(candidate) in seen or issubclass(cls, _WAY_OUT):
                continue
            seen.add(id(candidate))
            queue.extend(gc.get_referents(candidate))
        return False
    finally:
        queue.clear()


def parts_of(thing: object, wanted: Container[int]) -> set[int]:
    """The ids, of those wanted, of what an object has for itself.

    Not what it shares with all the program: a logger has everybody's handlers, an event loop all connections.
    """
    shared = tuple(
        cls
        for module, name in _SHARED
        if isinstance(cls := getattr(sys.modules.get(module), name, None), type)
    )
    seen: set[int] = set()
    found: set[int] = set()
    queue = deque(gc.get_referents(thing))
    try:
        while queue and len(seen) < _MAX_OBJECTS:
            candidate = queue.popleft()
            cls = type(candidate)
            if (
                candidate is thing
                or cls is str
                or id(candidate) in seen
                or issubclass(cls, _WAY_OUT)
                or issubclass(cls, shared)
            ):
                continue
            seen.add(id(candidate))
            if id(candidate) in wanted:
                found.add(id(candidate))
            queue.extend(gc.get_referents(candidate))
        return found
    finally:
        queue.clear()
