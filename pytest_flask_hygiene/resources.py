""":class:`ResourceType`, with which other plugins and conftest files name resources of their own."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any, Final

from .usage import with_page

#: What is watched anyway: the kind, the module and the class.
_KNOWN: Final = (
    ("file", "io", "IOBase"),
    ("socket", "socket", "socket"),
    ("sqlite", "sqlite3", "Connection"),
    ("subprocess", "subprocess", "Popen"),
    ("tempdir", "tempfile", "TemporaryDirectory"),
    ("event-loop", "asyncio.base_events", "BaseEventLoop"),
    ("thread", "threading", "Thread"),
)


class ResourceType:
    """A type whose instances have to be closed, as the hook ``pytest_hygiene_resources`` returns it.

    ``name``: what a finding calls it, ``"redis connection"``.  ``type``: the class; or, if that is written in
    C, the module-level function that makes instances.  ``is_open``: is called with an instance, and returns
    True or False; it must not change or keep the instance, and is also called while that is being finalized.
    ``advice``: how to close it, which the line ``fix:`` says.

    Raises TypeError or ValueError for an argument that can't be used.
    """

    __slots__ = ("advice", "is_open", "name", "type")

    def __init__(self, name: str, type: Any, is_open: Callable[[Any], bool], advice: str = "") -> None:  # noqa: A002
        _check(name, type, is_open, advice)
        self.name: Final = name
        self.type: Final = type
        self.is_open: Final = is_open
        self.advice: Final = advice

    def __repr__(self) -> str:
        return f"<ResourceType {self.name!r} {describe(self.type)}>"


def _check(name: Any, made: Any, is_open: Any, advice: Any) -> None:
    if not isinstance(name, str) or not name.strip():
        raise TypeError(with_page(f"ResourceType: name={name!r} is not a name"))
    say = f"ResourceType {name!r}"
    if not isinstance(made, (type, FunctionType, BuiltinFunctionType)):
        raise TypeError(
            with_page(f"{say}: type={made!r} is neither a class nor a function that makes instances")
        )
    if inspect.iscoroutinefunction(made):
        raise TypeError(
            with_page(f"{say}: {describe(made)} is a coroutine function; name the class of what it makes")
        )
    if not callable(is_open):
        raise TypeError(with_page(f"{say}: is_open={is_open!r} can't be called"))
    if not isinstance(advice, str):
        raise TypeError(with_page(f"{say}: advice={advice!r} is not a string"))
    kind = _known_kind(made) if isinstance(made, type) else ""
    if kind:
        raise ValueError(with_page(f"{say}: {describe(made)} is watched already, as kind {kind!r}"))


def describe(thing: Any) -> str:
    """As messages name a class or a function: ``redis.connection.Connection``."""
    return f"{getattr(thing, '__module__', '?')}.{getattr(thing, '__qualname__', thing)}"


def _known_kind(cls: type) -> str:
    """The kind that its instances have anyway; empty if none."""
    for kind, module, name in _KNOWN:
        known = getattr(sys.modules.get(module), name, None)
        if isinstance(known, type) and issubclass(cls, known):
            return kind
    return ""
