"""What pytest itself still refers to after a test has ended, so that nothing looks held that is not.

* fixture values (``item.funcargs``) and the instance of a test class, until after the teardown report, or to
  the session's end;
* a failed test's exception, and so its frames and their variables (``sys.last_value`` and its like), until
  the next test's call.

Loaded after a test that failed, or left something open.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any, Final

from .static_attributes import address

if TYPE_CHECKING:
    import pytest

#: Their objects refer to nothing that could be open.
_PLAIN: Final = frozenset(map(address, (str, bytes, int, float, complex, bool, type(None), type(Path()))))
_CONTAINERS: Final = frozenset(map(address, (dict, list, tuple, set, frozenset)))
#: So many objects in a container are looked at.
_MAX_PLAIN: Final = 1_000


class Released:
    """A test's fixture values and its instance, which pytest refers to no more."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item
        attributes = vars(item)
        funcargs: dict[str, Any] = attributes.get("funcargs") or {}
        self._values: dict[str, Callable[[], Any]] = {}
        for name in [name for name, value in funcargs.items() if not _is_plain(value)]:
            self._values[name] = _weakly(funcargs.pop(name))
        self._instance: Callable[[], Any] = _nothing
        instance, method = attributes.get("_instance"), attributes.get("_obj")
        if type(method) is MethodType and method.__self__ is instance and _can_be_made_again(item, instance):
            self._instance = _weakly(instance)
            for name in ("_instance", "_obj"):
                del attributes[name]

    def put_back(self) -> None:
        """Have pytest refer to what is still alive again, for plugins that look at it later."""
        funcargs = vars(self._item).get("funcargs", {})
        for name, reference in self._values.items():
            value = reference()
            # What is gone is left out: plugins look whether a test has a value before they use it.
            if value is not None:
                funcargs[name] = value
        instance = self._instance()
        if instance is not None:
            # pytest binds the method again when it is asked for.
            vars(self._item)["_instance"] = instance


def release(item: pytest.Item) -> Released | None:
    """Let go of what pytest holds for a test; None if there is nothing."""
    attributes = vars(item)
    if not attributes.get("funcargs") and attributes.get("_instance") is None:
        return None
    return Released(item)


def _is_plain(value: Any) -> bool:
    """Whether it is text, a number and the like, or a container of nothing else: no need to let go of it."""
    values, looked_at = [value], 0
    while values:
        value = values.pop()
        looked_at += 1
        # Not the class itself, whose metaclass may have no hash.
        cls = address(type(value))
        if cls in _CONTAINERS and len(value) + looked_at < _MAX_PLAIN:
            values += [*value, *value.values()] if type(value) is dict else value
        elif cls not in _PLAIN or looked_at >= _MAX_PLAIN:
            return False
    return True


def _can_be_made_again(item: pytest.Item, instance: object) -> bool:
    """Whether pytest finds the test function by its name, as it does for all but a plugin's own items."""
    name = getattr(item, "originalname", None)
    return isinstance(name, str) and any(name in vars(cls) for cls in type(instance).__mro__)


def forget_last_failure() -> None:
    """Let go of the exception that pytest keeps in ``sys``."""
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        if hasattr(sys, name):
            delattr(sys, name)


def _weakly(value: object) -> Callable[[], Any]:
    try:
        return weakref.ref(value)
    except TypeError:
        return _nothing


def _nothing() -> None:
    """Stands for a value that can't be referred to weakly."""
