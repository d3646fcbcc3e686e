"""A weak dictionary for objects of the user's, which may have no hash, or one that raises."""

from __future__ import annotations

import weakref
from functools import partial
from typing import Any, Generic, TypeVar

_Value = TypeVar("_Value")


class WeakIds(Generic[_Value]):
    """Its keys are compared by identity; an entry goes when its key does."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[Any], _Value]] = {}

    def get(self, key: object) -> _Value | None:
        entry = self._entries.get(id(key))
        return None if entry is None else entry[1]

    def set(self, key: object, value: _Value) -> _Value:
        """Returns the value."""
        number = id(key)
        self._entries[number] = weakref.ref(key, partial(_forget, self._entries, number)), value
        return value

    def clear(self) -> None:
        self._entries.clear()


def _forget(entries: dict[int, Any], number: int, _: object) -> None:
    entries.pop(number, None)
