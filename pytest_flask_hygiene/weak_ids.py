"""A weak dictionary for objects of the user's, which may have no hash, or one that raises."""

from __future__ import annotations

import weakref
from typing import Any, Generic, TypeVar

_Value = TypeVar("_Value")


class WeakIds(Generic[_Value]):
    """By identity; an entry goes with its object."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[Any], _Value]] = {}

    def get(self, key: object) -> _Value | None:
        entry = self._entries.get(id(key))
        return None if entry is None else entry[1]

    def set(self, key: object, value: _Value) -> _Value:
        number, entries = id(key), self._entries
        entries[number] = weakref.ref(key, lambda _: entries.pop(number, None) and None), value
        return value

    def clear(self) -> None:
        self._entries.clear()
