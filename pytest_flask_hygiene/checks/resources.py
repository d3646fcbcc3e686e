"""Resources of other people's types: made, dropped while open, or left open.

An instance is known by its id and a weak reference from its ``__init__`` on.  Whether it is open when it is
dropped is asked in its ``__del__``, before the class's own: a weak reference's callback comes too late.

Loaded where a plugin or a conftest file has the hook ``pytest_hygiene_resources``.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, Final

from .. import own_modules
from ..birth import Birth
from ..births import BirthRecorder
from ..faults import message_of
from ..findings import Finding, Owner
from ..owners import OwnerTracker
from ..replacements import replacement
from ..resources import ResourceType, describe
from ..stacks import Stack, capture_stack

_ADVICE: Final = "close it where its owner ends, or use a with block if it has one"
_ABSENT: Final = object()


class CannotBeWatchedError(Exception):
    """A type's instances can't be seen being made; the message says why, and what to name instead."""


class ResourceBirth(Birth):
    """The birth of an instance of a type that a plugin has named."""

    __slots__ = ("_ask", "finalizer_seen", "resource")

    def __init__(
        self, resource: ResourceType, owner: Owner, stack: Stack, ask: Callable[[Any, ResourceType], bool]
    ) -> None:
        super().__init__("other", owner, stack)
        self.resource = resource
        self.finalizer_seen = False
        """Its ``__del__`` is watched, so it will be asked whether it is open when it is dropped."""
        self._ask = ask

    def is_open(self, thing: Any) -> bool:
        return self._ask(thing, self.resource)

    def describe(self, text: str = "") -> str:  # noqa: ARG002
        return self.resource.name

    def explain(self, finding: Finding) -> None:
        finding.happened = (
            "opened here and still open"
            if finding.state == "left_open"
            else "opened here and dropped while open"
        )
        finding.advice = self.resource.advice or ("" if finding.owner.scope == "held" else _ADVICE)
        # Part of the finding's key: one of another type at the same line is another finding.
        finding.variable = self.resource.name


class ResourceCheck:
    """Sees the instances of the named types being made and dropped."""

    def __init__(
        self,
        owners: OwnerTracker,
        births: BirthRecorder,
        on_dropped: Callable[[Birth, str], None],
        while_finalized: Callable[[Birth | None], Birth | None],
        others_faults: list[str],
    ) -> None:
        """``on_dropped`` takes the birth of what was dropped while open, and the words of a warning about it.

        ``while_finalized`` is told whose ``__del__`` runs from now on, and returns whose ran until now: what
        the type itself warns about then is the same leak.
        """
        self._owners = owners
        self._births = births
        self._on_dropped = on_dropped
        self._while_finalized = while_finalized
        self._others_faults = others_faults
        self._named_by: dict[Any, str] = {}
        """The plugin that has named a type, until a fault of it has been listed."""
        self._watched: set[Any] = set()
        self._finalized: set[type] = set()
        """Classes whose ``__del__`` is replaced."""
        self._known: dict[int, ResourceBirth] = {}
        """By the instance's ``id()``."""
        self._undo: list[Callable[[], None]] = []

    def stop(self) -> None:
        """Undo the replacements, newest first."""
        while self._undo:
            self._undo.pop()()
        self._known.clear()

    def watch(self, resource: ResourceType, named_by: str) -> None:
        """``named_by``: the plugin or conftest file.  The first one that names a type counts.

        Raises :class:`CannotBeWatchedError`.
        """
        if resource.type in self._watched:
            return
        if isinstance(resource.type, type):
            self._watch_class(resource)
        else:
            self._watch_function(resource)
        self._watched.add(resource.type)
        self._named_by[resource.type] = named_by

    # -- how it is made ------------------------------------------------------------------------

    def _watch_class(self, resource: ResourceType) -> None:
        cls: Any = resource.type
        if not cls.__weakrefoffset__:
            raise CannotBeWatchedError(
                f"instances of {describe(cls)} can't be referred to weakly: add '__weakref__' to its "
                "__slots__, or name the class of what owns them"
            )
        if cls.__init__ is object.__init__ and cls.__new__ is not object.__new__:
            original = cls.__new__
            name, new = "__new__", replacement(_innermost(original), partial(self._made, resource, True))
        else:
            original = cls.__init__
            name, new = "__init__", replacement(_innermost(original), partial(self._made, resource, False))
        try:
            self._put(cls, name, staticmethod(new) if name == "__new__" else new)
        except (TypeError, AttributeError):
            raise CannotBeWatchedError(
                f"{describe(cls)} can't be watched, for it is written in C: name a Python subclass that your "
                "code uses instead of it, or the module-level function that makes its instances"
            ) from None
        self._watch_finalizer(cls)

    def _watch_function(self, resource: ResourceType) -> None:
        original = resource.type
        name = original.__name__
        holders = [
            module for module in list(sys.modules.values()) if _own_attribute(module, name) is original
        ]
        if not holders:
            raise CannotBeWatchedError(
                f"{describe(original)} is not found in its module under that name: name a module-level "
                "function, or a class"
            )
        new = replacement(_innermost(original), partial(self._made, resource, True))
        for module in holders:
            self._put(module, name, new)

    def _put(self, holder: Any, name: str, new: Any) -> None:
        """Undone when the run ends, unless somebody else has put something there since."""
        before = _own_attribute(holder, name)
        setattr(holder, name, new)

        def undo() -> None:
            if _own_attribute(holder, name) is new:
                if before is _ABSENT:
                    delattr(holder, name)
                else:
                    setattr(holder, name, before)

        self._undo.append(undo)

    def _made(self, resource: ResourceType, by_result: bool, first: Any, result: Any) -> None:
        """An instance was made: it is the call's result, or else its first argument (``self``)."""
        try:
            # This function, the replacement, and its caller.
            self._record(resource, result if by_result else first, sys._getframe(2))
        except Exception as error:
            self._births.fault(error)

    def _record(self, resource: ResourceType, thing: Any, frame: FrameType | None) -> None:
        cls = type(thing)
        if isinstance(resource.type, type) and not issubclass(cls, resource.type):
            return
        key = id(thing)
        known = self._known.get(key)
        if known is not None and known.ref is not None and known.ref() is thing:
            # A base class has recorded it, or there is but one instance.
            return
        birth = ResourceBirth(resource, self._owners.get(), capture_stack(frame), self._is_open)
        try:
            birth.ref = weakref.ref(thing, partial(self._gone, key))
        except TypeError:
            self._fault(resource, f"it was given {describe(cls)}, which can't be referred to weakly")
            return
        self._known[key] = birth
        self._births.remember(self._births.by_id, key, birth)
        birth.finalizer_seen = self._watch_finalizer(cls)

    def _gone(self, key: int, reference: object) -> None:
        birth = self._known.get(key)
        # A collection calls this before it calls __del__.
        if birth is not None and birth.ref is reference and not birth.finalizer_seen:
            del self._known[key]

    # -- how it ends ---------------------------------------------------------------------------

    def _watch_finalizer(self, cls: type) -> bool:
        """Replace ``__del__`` of the class that it comes from; False for a class written in C."""
        definer = next((c for c in cls.__mro__ if "__del__" in vars(c)), cls)
        if definer in self._finalized:
            return True
        original = getattr(definer, "__del__", None)
        check = weakref.ref(self)

        def __del__(thing: Any) -> None:
            this = check()
            before = this._finalizes(thing) if this is not None else None
            try:
                if original is not None:
                    original(thing)
            finally:
                if this is not None:
                    this._while_finalized(before)

        __del__.__qualname__ = f"{definer.__qualname__}.__del__"
        __del__.__module__ = definer.__module__
        try:
            self._put(definer, "__del__", __del__)
        except TypeError:
            return False
        self._finalized.add(definer)
        return True

    def _finalizes(self, thing: Any) -> Birth | None:
        """An instance is about to be finalized; returns the birth of what was being finalized until now."""
        birth = self._known.pop(id(thing), None)
        before = self._while_finalized(birth)
        if birth is None:
            return before
        try:
            if self._is_open(thing, birth.resource):
                self._cover_parts(thing)
                self._on_dropped(birth, f"unclosed {birth.resource.name}")
        except Exception as error:
            self._births.fault(error)
        return before

    def _cover_parts(self, thing: Any) -> None:
        """What an instance has opened for itself is part of its finding: a connection's socket, say."""
        with own_modules():
            from ..heap.reach import parts_of
        others: dict[int, Birth] = {}
        for birth in list(self._births.by_id.values()):
            part = None if birth.reported or birth.ref is None else birth.ref()
            if part is not None and part is not thing:
                others[id(part)] = birth
            del part
        for key in parts_of(thing, others) if others else ():
            others[key].reported = True

    def _is_open(self, thing: Any, resource: ResourceType) -> bool:
        try:
            answer: object = resource.is_open(thing)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._fault(resource, f"is_open raised {type(error).__name__}: {message_of(error)}")
            return False
        if answer is not True and answer is not False:
            self._fault(resource, f"is_open returned {type(answer).__name__}, and neither True nor False")
            return False
        return answer is True

    def _fault(self, resource: ResourceType, text: str) -> None:
        """List it, once for each type, as a fault of the plugin that has named the type."""
        plugin = self._named_by.pop(resource.type, None)
        if plugin is not None:
            self._others_faults.append(f"pytest_hygiene_resources of {plugin}: {resource.name!r}: {text}")


def _innermost(method: Any) -> Any:
    """The method without the replacement of a run around this one (pytester): the instances are ours."""
    return getattr(method, "_hygiene_original", method)


def _own_attribute(holder: Any, name: str) -> Any:
    return getattr(holder, "__dict__", {}).get(name, _ABSENT)
