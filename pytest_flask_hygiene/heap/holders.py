"""What holds an object that is still open, so that the advice can name it, and a picture show it.

First it is looked for in what the reader's own code keeps.  If it is not there, objgraph walks from the
object to whatever refers to it, breadth first, until it meets something that has a name: a module, a class,
a cached function, a logger, a running thread.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final, Literal

from ..files import FILES
from ..origin import OriginMap
from ..static_attributes import LRU_CACHE, function_name, module_file, module_of, namespace, type_name
from .chain_nodes import chain_of
from .chains import Chain
from .readers_roots import ReadersRoots

#: Seconds of CPU time: for one object, and for all of a run, after which holders are no longer named.
_SECONDS_EACH: Final = 0.5
_SECONDS: Final = 3.0
#: References on the way from an object back to what has a name.
_MAX_DEPTH: Final = 12
#: So many searches with the same answer make further ones unnecessary.
_SAME_ANSWERS: Final = 5
#: Decorators around a cached function.
_MAX_WRAPPERS: Final = 20

#: ``cache``: ``functools.cache`` or ``lru_cache``; ``global``: a module or a class of the reader's;
#: ``library``: a module or a class of a library's; ``other``: loggers, threads, the standard library.
HolderKind = Literal["cache", "global", "library", "other"]


@dataclass(frozen=True)
class Holder:
    """What holds an object, as text; it keeps nothing alive."""

    kind: HolderKind
    text: str
    """``shop.db.pool``, ``the cache of shop.db.connect()``, ``the logger 'shop'``."""
    code: CodeType | None = None
    """The code of a cached function."""
    in_tests: bool = False
    """It is part of a test module or a conftest file."""
    chain: Chain | None = field(default=None, compare=False)
    """The way from it, or from what it is a part of, to the object."""


class _OutOfTimeError(Exception):
    pass


class HolderFinder:
    """Searches for what holds an object, within a limit of time for all of a run."""

    def __init__(
        self, origin: OriginMap, on_fault: Callable[[Exception], None], thaw: Callable[[], None]
    ) -> None:
        """``thaw`` ends what ``gc.freeze()`` has hidden.

        The next full collection looks at the whole heap then, so that is done only where it is needed.
        """
        self._origin = origin
        self._thaw = thaw
        self._on_fault = on_fault
        self._seconds_left = _SECONDS
        self._answers: dict[Hashable, list[Holder | None]] = {}

    def find(self, thing: object, key: Hashable) -> Holder | None:
        """The nearest named object from which ``thing`` can be reached.

        None if there is none, or no time is left to look for it.  A ``key`` stands for objects that probably
        have the same holder: when several searches have found the same one, it is not looked for again.
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
            # A holder that can't be named never costs a finding.
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

        # gc.get_referrers() does not see what is frozen.
        self._thaw()
        try:
            chain: list[Any] = objgraph.find_backref_chain(
                thing, is_named, max_depth=_MAX_DEPTH, extra_ignore=_not_of_interest()
            )
        except _OutOfTimeError:
            return []
        return chain if len(chain) > 1 else []

    def _describe(self, chain: list[Any]) -> Holder | None:
        """The first object of the chain, which has a name, and what it knows the next one by."""
        root = chain[0]
        cls = type(root)
        if cls is LRU_CACHE:
            return self._describe_cache(root.__wrapped__)
        attributes = namespace(root)
        if issubclass(cls, logging.Logger):
            return Holder("other", f"the logger {attributes.get('name')!r}")
        if issubclass(cls, threading.Thread):
            return Holder("other", f"the running thread {attributes.get('_name')!r}")
        name: object
        if issubclass(cls, ModuleType):
            name, file = attributes.get("__name__"), attributes.get("__file__")
        else:
            name, file = type_name(root), module_file(module_of(root))
        attribute = _name_of(attributes, chain[1:])
        if not isinstance(name, str) or not attribute:
            return None
        origin = self._origin(file) if file and isinstance(file, str) else "stdlib"
        text = f"{name}.{attribute}"
        if origin in ("app", "test"):
            return Holder("global", text, in_tests=origin == "test")
        return Holder("library" if origin == "library" else "other", text)

    def _describe_cache(self, function: FunctionType) -> Holder:
        text = f"the cache of {function_name(function)}()"
        # Its own file and name, not those of a decorator between it and its cache.
        for _ in range(_MAX_WRAPPERS):
            wrapped = vars(function).get("__wrapped__")
            if type(wrapped) is not FunctionType:
                break
            function = wrapped
        code = function.__code__
        return Holder("cache", text, code, in_tests=self._origin(code.co_filename) == "test")


def _is_named(candidate: object) -> bool:
    cls: type = type(candidate)
    if cls is LRU_CACHE:
        # A sqlite connection's cache of statements is another such object.
        return type(getattr(candidate, "__wrapped__", None)) is FunctionType
    return issubclass(cls, (ModuleType, type, logging.Logger, threading.Thread))


def _picture(chain: list[Any]) -> Chain | None:
    """The chain as text, up to the first file: its buffer and its raw file are no part of what holds it."""
    files = [n for n, thing in enumerate(chain) if issubclass(type(thing), FILES)]
    shown = chain[: files[0] + 1] if files else chain[:]
    try:
        return chain_of(shown) if len(shown) > 1 else None
    finally:
        shown.clear()


def _name_of(attributes: dict[str, Any], path: list[Any]) -> str:
    """The attribute under which the next object on the path is known, past the ``__dict__`` itself."""
    for thing in path[:2]:
        # A copy: another thread may change a module's globals meanwhile.
        for name, value in list(attributes.items()):
            if value is thing and type(name) is str:
                return name
    return ""


def _not_of_interest() -> list[int]:
    """Ids of what refers to the object, or to a thread, without holding it for anybody.

    ``threading`` registers every running thread, and the frames of this search refer to the object itself.
    """
    ids = [id(vars(threading).get(name)) for name in ("_active", "_limbo", "_shutdown_locks")]
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        ids.append(id(frame))
        frame = frame.f_back
    return ids
