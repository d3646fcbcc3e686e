"""Act on a module when it has been imported, without importing it.

Flask and Werkzeug must not be loaded before the suite does so itself, and may be loaded as late as inside
the first fixture.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Callback = Callable[[ModuleType], None]


class PostImport:
    """A meta path finder that finds nothing itself: it lets the others find, and watches the loader."""

    def __init__(self, on_fault: Callable[[Exception], None]) -> None:
        self._on_fault = on_fault
        self._callbacks: dict[str, list[Callback]] = {}
        """By the name of a module that has not been imported yet."""
        self._being_looked_for: set[str] = set()

    def when_imported(self, name: str, callback: Callback) -> None:
        """Call ``callback`` with the module: now if it is loaded, else right after its import."""
        module = sys.modules.get(name)
        # A module that is being imported has an entry, too; its spec says that.
        if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
            self._call([callback], module)
        else:
            self._callbacks.setdefault(name, []).append(callback)

    def start(self) -> None:
        """Watch imports from now on."""
        sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Call nothing back any more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        self._callbacks.clear()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        # Another run's finder (pytester's) asks this one in its turn, while this one is asking it.
        if name not in self._callbacks or name in self._being_looked_for:
            return None
        self._being_looked_for.add(name)
        try:
            for finder in sys.meta_path:
                if finder is not self and hasattr(finder, "find_spec"):
                    spec = finder.find_spec(name, path, target)
                    if spec is not None:
                        self._watch_guarded(spec)
                        return spec
        finally:
            self._being_looked_for.discard(name)
        return None

    def _call(self, callbacks: list[Callback], module: ModuleType) -> None:
        for callback in callbacks:
            try:
                callback(module)
            except Exception as error:
                self._on_fault(error)

    def _watch_guarded(self, spec: ModuleSpec) -> None:
        try:
            self._watch(spec.name, spec.loader)
        except Exception as error:
            self._on_fault(error)

    def _watch(self, name: str, loader: Any) -> None:
        """Have the loader call us back if it loads the module: some only ask whether there is one."""
        original = getattr(loader, "exec_module", None)
        if original is None:
            return
        attributes = getattr(loader, "__dict__", {})
        before = attributes.get("exec_module")

        def exec_module(module: ModuleType) -> None:
            # The loader goes back to what it was, whatever the module does.
            if before is None:
                attributes.pop("exec_module", None)
            else:
                attributes["exec_module"] = before
            original(module)
            self._call(self._callbacks.pop(name, []), module)

        with suppress(AttributeError):  # it has __slots__
            loader.exec_module = exec_module
