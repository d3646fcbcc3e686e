"""Whether an object can be reached from another: from a fixture's value, which is to close it, say."""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, GeneratorType, ModuleType
from typing import Any, Final

from ..static_attributes import module_of, namespace

_MAX_OBJECTS: Final = 50_000
#: Through these everything can be reached: a function knows its module, a class its subclasses.
_WAY_OUT: Final = (ModuleType, FunctionType, type, CodeType, FrameType, BuiltinFunctionType)
#: So it can through a fixture's ``request``, or a recorder of ours: the modules of such classes.
_KNOW_THE_SESSION: Final = ("_pytest.", "pluggy.", "pytest_flask_hygiene.")
#: The module and the name of classes whose instances all of the program shares.
_SHARED: Final = (
    ("logging", "Logger"),
    ("threading", "Thread"),
    ("asyncio.base_events", "BaseEventLoop"),
)

# Past a metaclass, which may answer as it likes.
_qualified_name: Final = type.__dict__["__qualname__"].__get__


def reaches(start: Iterable[Any], wanted: object) -> bool:
    """Whether ``wanted`` itself, or an equal string, can be reached from one of the objects in ``start``.

    Also through what a function closes over or has as a default, through the attributes of a class made in a
    function, and through the variables of a suspended generator.
    """
    reachable = _reachable(start, _WAY_OUT, _own_parts)
    if type(wanted) is str:
        return any(type(each) is str and each == wanted for each in reachable)
    return any(each is wanted for each in reachable)


def parts_of(thing: object, wanted: Container[int]) -> set[int]:
    """The ids, of those wanted, of what an object has for itself.

    Not what it shares with all the program: a logger has everybody's handlers, an event loop all connections.
    """
    shared = tuple(
        cls
        for module, name in _SHARED
        if isinstance(cls := getattr(sys.modules.get(module), name, None), type)
    )
    reachable = _reachable(gc.get_referents(thing), (*_WAY_OUT, *shared), lambda _: [])
    return {id(each) for each in reachable if id(each) in wanted} - {id(thing)}


def _reachable(
    start: Iterable[Any], not_past: tuple[type, ...], own_parts: Callable[[Any], list[Any]]
) -> Iterator[Any]:
    """These objects and all that they refer to: the nearest first.

    Of instances of ``not_past`` only ``own_parts``.
    """
    seen: set[int] = set()
    queue = deque(start)
    try:
        while queue and len(seen) < _MAX_OBJECTS:
            candidate = queue.popleft()
            cls = type(candidate)
            if cls is str:
                yield candidate
            elif id(candidate) not in seen:
                seen.add(id(candidate))
                if issubclass(cls, not_past):
                    queue.extend(own_parts(candidate))
                elif not module_of(cls).startswith(_KNOW_THE_SESSION):
                    yield candidate
                    is_generator = cls is GeneratorType
                    queue.extend(_variables_of(candidate) if is_generator else gc.get_referents(candidate))
    finally:
        queue.clear()


def _own_parts(thing: Any) -> list[Any]:
    """Of a function or a class: what it does not share with its module."""
    if type(thing) is FunctionType:
        own = (thing.__closure__, thing.__defaults__, thing.__kwdefaults__)
        return [part for part in own if part is not None]
    if issubclass(type(thing), type) and "<locals>" in _qualified_name(thing):
        return list(namespace(thing).values())
    return []


def _variables_of(generator: GeneratorType[Any, Any, Any]) -> list[Any]:
    """The values of a suspended generator's variables; ``f_locals`` would keep them alive."""
    frame = generator.gi_frame
    if frame is None:
        return []
    # Python 3.10 tells the collector of the variables as the frame's, later ones as the generator's.
    referents = [*gc.get_referents(generator), *gc.get_referents(frame)]
    shared = (frame.f_globals, frame.f_builtins)
    return [thing for thing in referents if not any(thing is each for each in shared)]
