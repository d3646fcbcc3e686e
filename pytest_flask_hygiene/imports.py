"""Act on a module when it has been imported, without importing it.

Flask and Werkzeug must not be loaded before the suite does so itself, and may be loaded as late as inside
the first fixture.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

Callback = Callable[[ModuleType], None]


class PostImport:
    """A meta path finder that finds nothing itself: it lets the others find, and watches the loader."""

    def __init__(self, on_fault: Callable[[Exception], None]) -> None:
        self._on_fault = on_fault
        self._callbacks: dict[str, list[Callback]] = {}

    def when_imported(self, name: str, callback: Callback) -> None:
        """Call ``callback`` with the module: now, if it is loaded, else right after its import."""
        module = sys.modules.get(name)
        # An import that is under way has an entry too; its spec says so.
        if module is not None and not getattr(module.__spec__, "_initializing", False):
            self._call([callback], module)
        else:
            self._callbacks.setdefault(name, []).append(callback)

    def start(self) -> None:
        sys.meta_path.insert(0, self)

    def stop(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        self._callbacks.clear()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        # Taken out first: another run's finder (pytester's) may ask this one in its turn.
        callbacks = self._callbacks.pop(name, None)
        if callbacks is None:
            return None
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    try:
                        self._watch(spec, callbacks)
                    except Exception as error:
                        self._on_fault(error)
                    return spec
        self._callbacks[name] = callbacks
        return None

    def _call(self, callbacks: list[Callback], module: ModuleType) -> None:
        for callback in callbacks:
            try:
                callback(module)
            except Exception as error:
                self._on_fault(error)

    def _watch(self, spec: ModuleSpec, callbacks: list[Callback]) -> None:
        loader = spec.loader
        if loader is None or not hasattr(loader, "exec_module"):
            return
        original = loader.exec_module
        attributes = getattr(loader, "__dict__", {})
        before = attributes.get("exec_module")

        def exec_module(module: ModuleType) -> None:
            # The loader goes back to what it was, whatever the module does.
            if before is None:
                attributes.pop("exec_module", None)
            else:
                attributes["exec_module"] = before
            original(module)
            self._call(callbacks, module)

        try:
            loader.exec_module = exec_module  # type: ignore[method-assign]
        except AttributeError:
            return
