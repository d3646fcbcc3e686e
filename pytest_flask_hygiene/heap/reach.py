"""Whether an object can be reached from another: from a fixture's value, which is to close it, say."""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from contextvars import Context, Token
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    ModuleType,
)
from typing import Any, Final

from ..static_attributes import address, module_of, mro_of, namespace

_MAX_OBJECTS: Final = 50_000
#: Through these everything can be reached: a function knows its module, a class its subclasses, and a token
#: (each push of a context of Flask's keeps one) the values of all context variables.
_WAY_OUT: Final = (
    ModuleType,
    FunctionType,
    type,
    CodeType,
    FrameType,
    BuiltinFunctionType,
    Context,
    Token,
)
#: So it can through a fixture's ``request``, an item, or a recorder of ours: the modules of their classes.
_KNOW_THE_SESSION: Final = ("_pytest.", "pluggy.", "pytest_flask_hygiene.")
#: The module and the name of classes whose instances all of the program shares.
_SHARED: Final = (
    ("logging", "Logger"),
    ("threading", "Thread"),
    ("asyncio.base_events", "BaseEventLoop"),
)
#: Classes whose instances know what others have made, and the attributes in which they have their own.
_KNOW_OTHERS: Final = (
    # The root logger, and through that one all others.
    ("logging", "Logger", ("handlers", "filters")),
    # Whatever waits for its connection.
    ("asyncio.base_events", "BaseEventLoop", ("_default_executor",)),
    # The current loop, whoever has set it.
    ("asyncio.events", "AbstractEventLoopPolicy", ()),
    # What a mock was called with.
    ("unittest.mock", "_Call", ()),
    ("unittest.mock", "_CallList", ()),
)
#: Suspended functions, and what each calls its frame.
_SUSPENDED: Final[tuple[tuple[type, str], ...]] = (
    (GeneratorType, "gi_frame"),
    (CoroutineType, "cr_frame"),
    (AsyncGeneratorType, "ag_frame"),
)

# Past a metaclass, which may answer as it likes.
_qualified_name: Final = type.__dict__["__qualname__"].__get__


def reaches(start: Iterable[Any], wanted: object) -> bool:
    """Whether ``wanted`` itself, or an equal string, can be reached from one of the objects in ``start``.

    Also through what a function closes over or has as a default, through the attributes of a class made in a
    function, and through the variables of a suspended generator or coroutine.  Not through what knows the
    things of others: a logger, an event loop, a mock's calls.
    """
    own_names: dict[int, tuple[str, ...] | None] = {}

    def follow(thing: Any) -> list[Any]:
        cls = address(type(thing))
        if cls not in own_names:
            own_names[cls] = _names_of_its_own(type(thing))
        names = own_names[cls]
        if names is None:
            return _referents(thing)
        attributes = namespace(thing)
        return [attributes[name] for name in names if name in attributes]

    reachable = _reachable(start, _WAY_OUT, _own_parts, follow)
    if type(wanted) is str:
        return any(type(each) is str and each == wanted for each in reachable)
    return any(each is wanted for each in reachable)


def parts_of(thing: object, wanted: Container[int]) -> set[int]:
    """The ids, of those wanted, of what an object has for itself.

    Not what it shares with all the program: a logger has everybody's handlers, an event loop all connections.
    """
    shared = tuple(cls for module, name in _SHARED for cls in _loaded_class(module, name))
    reachable = _reachable(gc.get_referents(thing), (*_WAY_OUT, *shared), lambda _: [], _referents)
    return {id(each) for each in reachable if id(each) in wanted} - {id(thing)}


def _names_of_its_own(cls: type) -> tuple[str, ...] | None:
    """Of a class whose instances know others': the attributes that are their own; None of any other class."""
    for base in mro_of(cls):
        # Not by identity: who puts sys.modules back (pytester) may have such a module loaded twice.
        for module, name, names in _KNOW_OTHERS:
            if _qualified_name(base) == name and module_of(base) == module:
                return names
    return None


def _loaded_class(module: str, name: str) -> list[type]:
    """The class, if its module is loaded: none or one."""
    cls = namespace(sys.modules.get(module)).get(name)
    return [cls] if isinstance(cls, type) else []


def _reachable(
    start: Iterable[Any],
    not_past: tuple[type, ...],
    own_parts: Callable[[Any], list[Any]],
    follow: Callable[[Any], list[Any]],
) -> Iterator[Any]:
    """These objects and all that they refer to: the nearest first.

    Of instances of ``not_past`` only ``own_parts``; of all others what ``follow`` gives.
    """
    seen: set[int] = set()
    queue = deque(start)
    try:
        while queue and len(seen) < _MAX_OBJECTS:
            candidate = queue.popleft()
            cls = type(candidate)
            if cls is str:
                yield candidate
            elif address(candidate) not in seen:
                seen.add(address(candidate))
                if issubclass(cls, not_past):
                    queue.extend(own_parts(candidate))
                elif not _knows_the_session(cls):
                    yield candidate
                    queue.extend(follow(candidate))
    finally:
        queue.clear()


def _knows_the_session(cls: type) -> bool:
    """Also an item of a plugin's own class, such as that of pytest-asyncio."""
    return any(module_of(base).startswith(_KNOW_THE_SESSION) for base in mro_of(cls))


def _own_parts(thing: Any) -> list[Any]:
    """Of a function or a class: what it does not share with its module.  Of ``file.close``: the file."""
    if type(thing) is FunctionType:
        own = (thing.__closure__, thing.__defaults__, thing.__kwdefaults__)
        return [part for part in own if part is not None]
    if type(thing) is BuiltinFunctionType:
        return [thing.__self__]
    if issubclass(type(thing), type) and "<locals>" in _qualified_name(thing):
        return list(namespace(thing).values())
    return []


def _referents(thing: Any) -> list[Any]:
    cls = type(thing)
    for suspended, name in _SUSPENDED:
        if cls is suspended:
            return _variables_of(thing, getattr(thing, name))
    return gc.get_referents(thing)


def _variables_of(suspended: Any, frame: FrameType | None) -> list[Any]:
    """The values of a suspended function's variables; ``f_locals`` would keep them alive."""
    if frame is None:
        return []
    # Python 3.10 tells the collector of the variables as the frame's, later ones as the generator's.
    referents = [*gc.get_referents(suspended), *gc.get_referents(frame)]
    shared = (frame.f_globals, frame.f_builtins)
    return [thing for thing in referents if not any(thing is each for each in shared)]
