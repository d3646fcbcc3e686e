"""Whether an object can be reached from a fixture's value: then it is the fixture's to close."""

from __future__ import annotations

import gc
from collections import deque
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final

_MAX_OBJECTS: Final = 50_000
#: Through these everything can be reached: a function knows its module, a class its subclasses.
_WAY_OUT: Final = (ModuleType, FunctionType, type, CodeType, FrameType, BuiltinFunctionType)


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
            if cls is str or id(candidate) in seen or issubclass(cls, _WAY_OUT):
                continue
            seen.add(id(candidate))
            queue.extend(gc.get_referents(candidate))
        return False
    finally:
        queue.clear()
