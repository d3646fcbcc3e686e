"""The functions of :mod:`gc`: Python's own, and those that stand in their place during a run."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import Any, Final


def _builtin(function: Callable[..., Any]) -> Callable[..., Any]:
    """Python's own; a run around this one has put its own there."""
    return getattr(function, "_hygiene_builtin", function)


builtin_collect: Final = _builtin(gc.collect)
builtin_get_debug: Final = _builtin(gc.get_debug)
builtin_set_debug: Final = _builtin(gc.set_debug)
is_enabled: Final = gc.isenabled
enable: Final = gc.enable
disable: Final = gc.disable


class Replacements:
    """What tests call as ``gc.collect()``, ``gc.set_debug()`` and ``gc.get_debug()`` during a run."""

    def __init__(
        self,
        users_collect: Callable[[int], int],
        users_set_debug: Callable[[int], None],
        users_get_debug: Callable[[], int],
    ) -> None:
        """Put them in the place of those that are there."""

        @_stands_in_for(builtin_collect)
        def collect(generation: int = 2) -> int:
            return users_collect(generation)

        @_stands_in_for(builtin_set_debug)
        def set_debug(flags: int) -> None:
            users_set_debug(flags)

        @_stands_in_for(builtin_get_debug)
        def get_debug() -> int:
            return users_get_debug()

        self._functions = {"collect": collect, "set_debug": set_debug, "get_debug": get_debug}
        self._replaced = {name: getattr(gc, name) for name in self._functions}
        for name, function in self._functions.items():
            setattr(gc, name, function)

    def undo(self) -> None:
        """Put back what was there, except where somebody else has replaced ours."""
        for name, function in self._functions.items():
            if getattr(gc, name) is function:
                setattr(gc, name, self._replaced[name])


def _stands_in_for(builtin: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Named as the built-in function is, so that it can be pickled, too."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        wraps(builtin)(function)
        function._hygiene_builtin = builtin  # type: ignore[attr-defined]
        return function

    return decorate
