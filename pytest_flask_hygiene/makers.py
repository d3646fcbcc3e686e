"""Objects that open resources later on: what they open belongs to whoever made them.

A SQLAlchemy engine's pool connects when it is first used, a log handler opens its file again when it rolls
over.  The test that happens to be running then has nothing to do with it.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from functools import partial, wraps
from types import FrameType, ModuleType
from typing import Any, Final

from .findings import Owner
from .owners import OwnerTracker
from .stacks import Stack, capture_stack

_POOL_FILE: Final = os.path.join("sqlalchemy", "pool", "base.py")
_ENGINE_FILE: Final = os.path.join("sqlalchemy", "engine", "base.py")
_LOGGING_FILE: Final = os.path.join("logging", "__init__.py")
#: Frames between the call of ``sqlite3.connect`` and the engine's own.
_MAX_FRAMES: Final = 24


class Maker:
    """Who made an object that opens resources, and where."""

    __slots__ = ("born", "owner", "stack")

    def __init__(self, owner: Owner, stack: Stack) -> None:
        self.owner = owner
        self.stack = stack
        self.born: Any = None
        """The birth that all of its resources share, where they are one to the reader: an engine's pool."""


class Makers:
    """Remembers who made each engine and each log handler, by replacements of what makes them."""

    def __init__(self, owners: OwnerTracker, on_fault: Callable[[Exception], None]) -> None:
        self._owners = owners
        self._on_fault = on_fault
        # By id, because a user's handler may define a hash of its own.
        self._known: dict[int, tuple[weakref.ref[Any], Maker]] = {}
        self._undo: list[Callable[[], None]] = []

    def stop(self) -> None:
        """Undo the replacements."""
        while self._undo:
            self._undo.pop()()
        self._known.clear()

    def _remember(self, frame: FrameType | None, *made: Any) -> None:
        try:
            maker = Maker(self._owners.get(), capture_stack(frame))
            for each in made:
                key = id(each)
                self._known[key] = weakref.ref(each, partial(self._forget, key)), maker
        except Exception as error:
            self._on_fault(error)

    def _forget(self, key: int, _: object) -> None:
        self._known.pop(key, None)

    def _of(self, made: object) -> Maker | None:
        entry = self._known.get(id(made))
        return entry[1] if entry is not None and entry[0]() is made else None

    def is_held(self, born: object) -> bool:
        """Whether the engine that a birth stands for is still there."""
        known = list(self._known.values())
        return any(maker.born is born and reference() is not None for reference, maker in known)

    # -- SQLAlchemy's engines ------------------------------------------------------------------

    def watch_engines(self, module: ModuleType) -> None:
        """Replace ``create_engine``; to be called right after the import of ``sqlalchemy.engine.create``.

        Other modules then import the replacement, and may keep it: once the run is over it only calls the
        original.  ``Pool.__init__`` can't be replaced instead, because SQLAlchemy reads its code object.
        """
        original = module.create_engine
        makers = weakref.ref(self)

        @wraps(original)
        def create_engine(*args: Any, **kwargs: Any) -> Any:
            engine = original(*args, **kwargs)
            known = makers()
            if known is not None:
                # create_engine(strategy="mock") has none.
                pool = getattr(engine, "pool", None)
                known._remember(sys._getframe(1), *([engine] if pool is None else [engine, pool]))
            return engine

        packages = [
            sys.modules.get(name) for name in ("sqlalchemy.engine.create", "sqlalchemy.engine", "sqlalchemy")
        ]

        def put(old: Any, new: Any) -> None:
            for package in packages:
                if package is not None and vars(package).get("create_engine") is old:
                    package.create_engine = new  # type: ignore[attr-defined]

        put(original, create_engine)
        self._undo.append(lambda: put(create_engine, original))

    def of_pooled_connection(self, frame: FrameType | None) -> Maker | None:
        """Who created the engine whose pool is opening a connection now."""
        for _ in range(_MAX_FRAMES if self._known else 0):
            if frame is None:
                break
            file = frame.f_code.co_filename
            maker = None
            if file.endswith(_POOL_FILE):
                maker = self._of(frame.f_locals.get("pool"))
            elif file.endswith(_ENGINE_FILE):
                # dispose() gives an engine a new pool.
                maker = self._of(frame.f_locals.get("self"))
            if maker is not None:
                return maker
            frame = frame.f_back
        return None

    # -- log handlers --------------------------------------------------------------------------

    def watch_log_handlers(self) -> None:
        """Replace ``logging._addHandlerRef``, which is called once for each handler that is made."""
        import logging

        original: Any = getattr(logging, "_addHandlerRef", None)
        if original is None:
            return
        makers = weakref.ref(self)

        @wraps(original)
        def add_handler_ref(handler: logging.Handler) -> None:
            original(handler)
            known = makers()
            if known is not None and issubclass(type(handler), logging.FileHandler):
                known._remember(sys._getframe(1), handler)

        def undo() -> None:
            if vars(logging)["_addHandlerRef"] is add_handler_ref:
                logging._addHandlerRef = original  # type: ignore[attr-defined]

        logging._addHandlerRef = add_handler_ref  # type: ignore[attr-defined]
        self._undo.append(undo)

    def of_log_file(self, frame: FrameType) -> Maker | None:
        """Who made the handler that is opening its file now."""
        code = frame.f_code
        if self._known and code.co_name == "_open" and code.co_filename.endswith(_LOGGING_FILE):
            return self._of(frame.f_locals.get("self"))
        return None
