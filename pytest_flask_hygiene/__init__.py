"""Finds every resource that a Flask test suite leaks, and blames the line that opened it.

Here are the public names, and :func:`own_modules`, with which the rest of the package is loaded when it is
first needed.

PYTEST_DONT_REWRITE (or pytest warns, in a run inside another, that this was imported before)
"""

from __future__ import annotations

import builtins
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pytest

    from .leak_error import LeakError
    from .resources import ResourceType

__all__ = ["LeakError", "ResourceType", "__version__"]

__version__ = "0.1.0"

_PREFIX: Final = "pytest_flask_hygiene."
# Kept, for a test may replace any of these.
_import: Final = builtins.__import__
_is_enabled: Final = gc.isenabled
_enable: Final = gc.enable
_disable: Final = gc.disable
#: ``sys.modules`` as it was when the plugin was loaded, and our own modules: enough to load more of them.
_loaded: Final = dict(sys.modules)
#: The names of our own modules that are being loaded.
_being_loaded: Final[list[str]] = []


class _Finder:
    """A meta path finder that has Python itself load the modules of this package.

    Else pytest would load them, for it rewrites the assertions of every plugin.  It reads and hashes the
    source each time, and the bytecode a few bytes at a time (``_read_pyc`` in its ``assertion/rewrite.py``):
    that takes three times as long, and was half of what the plugin cost a run of one test.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, _: object = None) -> ModuleSpec | None:
        if not name.startswith(_PREFIX):
            return None
        _being_loaded.append(name)
        return PathFinder.find_spec(name, path)


@contextmanager
def own_modules() -> Iterator[None]:
    """A block in which this package's own modules are imported, whatever a test has done to imports.

    Most modules are loaded when they are first needed.  A test may be at work then that lets imports fail
    (``mock.patch("builtins.__import__", ...)``).  Or a finalizer runs while ``sys.modules`` is all but empty:
    who restores it (``mock.patch.dict``, pytester) clears it first, which drops what was imported in between.
    """
    collects = _is_enabled()
    # A collection now might run finalizers whose warnings need the module that is half loaded.
    _disable()
    tests_import = builtins.__import__
    builtins.__import__ = _import
    sys.meta_path.insert(0, _Finder)
    missing = {} if sys.modules.get("sys") is sys else dict(_loaded)
    # What has been restored already.
    others = {name: sys.modules[name] for name in missing if name in sys.modules}
    sys.modules.update(missing)
    try:
        yield
    finally:
        while _being_loaded:
            name = _being_loaded.pop()
            if name in sys.modules:
                _loaded[name] = sys.modules[name]
        for name, module in missing.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
        sys.modules.update(others)
        if _Finder in sys.meta_path:
            sys.meta_path.remove(_Finder)
        builtins.__import__ = tests_import
        if collects:
            _enable()


#: What is public, and the module that it is loaded from when it is asked for.
_PUBLIC: Final = {"LeakError": "leak_error", "ResourceType": "resources"}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with own_modules():
        return getattr(import_module(_PREFIX + _PUBLIC[name]), name)


def pytest_configure(config: pytest.Config) -> None:
    """Where the package itself was taken for the plugin (``-p``): without this, nothing would be checked.

    Raises :class:`pytest.UsageError` if the plugin is not loaded.
    """
    with own_modules():
        from . import plugin
        from .usage import usage_error
    if not config.pluginmanager.is_registered(plugin):
        raise usage_error("-p pytest_flask_hygiene: this is the package; the plugin is -p flask_hygiene")


# pytest would load it next, and in its own way.  The development server's processes have no pytest.
if "_pytest" in sys.modules:
    with own_modules():
        import_module(_PREFIX + "plugin")
