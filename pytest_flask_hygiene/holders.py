"""What holds an object that is still open, so that the advice can name it, and a picture show it.

First it is looked for in what the reader's own code keeps.  If it is not there, objgraph walks from the
object to whatever refers to it, breadth first, until it meets something that has a name: a module, a class,
a cached function, a logger, a running thread.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final, Literal

from .chains import Chain
from .origin import OriginMap
from .readers_roots import FILES, ReadersRoots
from .references import chain_of, type_name

#: Of CPU time, for one object; and for all of a run, after which holders are no longer named.
_SECONDS_EACH: Final = 0.5
_SECONDS: Final = 3.0
_MAX_DEPTH: Final = 12
_SAME_ANSWERS: Final = 5
_CACHED: Final = type(functools.lru_cache(lambda: None))

#: ``cache``: ``functools.cache`` or ``lru_cache``; ``global``: a module or a class of the reader's;
#: ``library``: a module or a class of a library's; ``other``: loggers, threads, the standard library.
HolderKind = Literal["cache", "global", "library", "other"]


@dataclass(frozen=True)
class Holder:
    """As text; it keeps nothing alive."""

    kind: HolderKind
    text: str
    code: CodeType | None = None
    """Of a cached function."""
    in_tests: bool = False
    """It is part of a test module or a conftest file."""
    chain: Chain | None = field(default=None, compare=False)
    """The way from it, or from what it is a part of, to the object."""


class _OutOfTimeError(Exception):
    pass


class HolderFinder:
    def __init__(self, origin: OriginMap, on_fault: Callable[[Exception], None]) -> None:
        self._origin = origin
        self._on_fault = on_fault
        self._seconds_left = _SECONDS
        self._answers: dict[Hashable, list[Holder | None]] = {}

    def find(self, thing: object, key: Hashable) -> Holder | None:
        """The nearest named object from which ``thing`` can be reached; None if none is, or no time is left.

        What was found several times for the same ``key`` is believed to be so the next time.
        The heap must not be frozen: ``gc.get_referrers`` would not see it.
        """
        answers = self._answers.setdefault(key, [])
        if len(answers) >= _SAME_ANSWERS and len(set(answers)) == 1:
            return answers[0]
        holder = self._search(thing) if self._seconds_left > 0 else None
        answers.append(holder)
        return holder

    def _search(self, thing: object) -> Holder | None:
        begin = time.process_time()
        chain: list[Any] = []
        try:
            chain = ReadersRoots(self._origin).chain_to(thing) or self._way_back(thing)
            named = [n for n, each in enumerate(chain[:-1]) if _is_named(each)]
            holder = self._describe(chain[named[-1] :]) if named else None
            return None if holder is None else replace(holder, chain=_picture(chain))
        except Exception as error:
            # It never costs a finding.
            self._on_fault(error)
            return None
        finally:
            chain.clear()
            self._seconds_left -= time.process_time() - begin

    def _way_back(self, thing: object) -> list[Any]:
        """From the nearest named object to the thing; empty if there is none, or no time is left."""
        import objgraph

        end = time.process_time() + min(_SECONDS_EACH, self._seconds_left)

        def is_named(candidate: object) -> bool:
            if time.process_time() > end:
                raise _OutOfTimeError
            return candidate is not thing and _is_named(candidate)

        try:
            chain: list[Any] = objgraph.find_backref_chain(
                thing, is_named, max_depth=_MAX_DEPTH, extra_ignore=_not_of_interest()
            )
        except _OutOfTimeError:
            return []
        return chain if len(chain) > 1 else []

    def _describe(self, chain: list[Any]) -> Holder | None:
        root = chain[0]
        cls = type(root)
        if cls is _CACHED:
            function: FunctionType = root.__wrapped__
            function_name = f"{function.__module__}.{function.__qualname__}"
            code = inspect.unwrap(function).__code__
            return Holder(
                "cache", f"the cache of {function_name}()", code, self._origin(code.co_filename) == "test"
            )
        if issubclass(cls, logging.Logger):
            return Holder("other", f"the logger {vars(root).get('name')!r}")
        if issubclass(cls, threading.Thread):
            return Holder("other", f"the running thread {vars(root).get('_name')!r}")
        name: object
        if issubclass(cls, ModuleType):
            name, file = vars(root).get("__name__"), vars(root).get("__file__")
            attributes = vars(root)
        elif issubclass(cls, type):
            attributes = dict(type.__dict__["__dict__"].__get__(root))
            # Past whatever a metaclass has made of its names.
            name, module = type_name(root), sys.modules.get(str(attributes.get("__module__")))
            file = getattr(module, "__file__", None)
        else:
            return None
        attribute = _name_of(attributes, chain[1:])
        if not isinstance(name, str) or not attribute:
            return None
        origin = self._origin(file) if isinstance(file, str) else "stdlib"
        text = f"{name}.{attribute}"
        if origin in ("app", "test"):
            return Holder("global", text, in_tests=origin == "test")
        return Holder("library" if origin == "library" else "other", text)


def _is_named(candidate: object) -> bool:
    cls: type = type(candidate)
    if cls is _CACHED:
        # A sqlite connection's cache of statements is another such object.
        return type(getattr(candidate, "__wrapped__", None)) is FunctionType
    return issubclass(cls, (ModuleType, type, logging.Logger, threading.Thread))


def _picture(chain: list[Any]) -> Chain | None:
    # What a file object has for itself (its buffer, its raw file) is no part of what holds it.
    files = [n for n, thing in enumerate(chain) if issubclass(type(thing), FILES)]
    shown = chain[: files[0] + 1] if files else chain[:]
    try:
        return chain_of(shown) if len(shown) > 1 else None
    finally:
        shown.clear()


def _name_of(attributes: dict[str, Any], path: list[Any]) -> str:
    """The attribute under which the next object on the path is known."""
    for thing in path[:2]:
        for name, value in attributes.items():
            if value is thing:
                return name
    return ""


def _not_of_interest() -> list[int]:
    """Every running thread is in these registers; this one's frames refer to the object because we look."""
    ids = [id(vars(threading).get(name)) for name in ("_active", "_limbo", "_shutdown_locks")]
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        ids.append(id(frame))
        frame = frame.f_back
    return ids
