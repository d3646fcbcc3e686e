"""Who is at work now: a test, a fixture of any scope, collection, or an import.

Births read :attr:`OwnerTracker.current`; the hooks in ``hooks.py`` move it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from .findings import UNKNOWN_OWNER, Frame, Owner

if TYPE_CHECKING:
    import pytest

#: pytest runs ``setup_method``, ``setUpClass`` and the like as fixtures of these names.
_XUNIT_PREFIXES: Final = ("_xunit_setup_", "xunit_setup_", "_unittest_", "unittest_")


class OwnerTracker:
    """The active owner, for each thread."""

    def __init__(self) -> None:
        self.current: Owner = UNKNOWN_OWNER
        self.main_thread = threading.get_ident()
        self.owner_of_thread: Callable[[threading.Thread | None], Owner] = lambda _: UNKNOWN_OWNER

    def get(self) -> Owner:
        """The owner of what is opened in this thread now."""
        thread = threading.get_ident()
        if thread == self.main_thread:
            return self.current
        # Not current_thread(), which makes a dummy that stays, for a thread that was started from C.
        return self.owner_of_thread(threading._active.get(thread))  # type: ignore[attr-defined]

    def within(self, owner: Owner, frames: tuple[Frame, ...] = ()) -> Owner:  # noqa: ARG002
        """The part of an owner that is at work now, such as a block of ``hygiene.allow()``.

        Here there are none: ``blocks.py`` replaces this method and :meth:`get` when a test has the first.
        ``frames``: where a cycle was made.
        """
        return owner


def owner_of_test(item: pytest.Item) -> Owner:
    """A new owner for one run of a test."""
    line = item.location[1] or 0
    return Owner("test", item.name, nodeid=item.nodeid, path=str(item.path), line=line + 1)


def is_xunit(fixturedef: pytest.FixtureDef[Any]) -> bool:
    """Whether it stands for ``setup_module``, ``setUpClass`` and the like."""
    return fixturedef.argname.startswith(_XUNIT_PREFIXES)


def tears_down(fixturedef: pytest.FixtureDef[Any]) -> bool:
    """Whether a ``setup_module`` or ``setup_class`` has a counterpart, which may close things at the end."""
    function = fixturedef.func
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    for name, cell in zip(names, getattr(function, "__closure__", None) or (), strict=False):
        if name in ("teardown_module", "teardown_class"):
            return cell.cell_contents is not None
    # ``unittest`` may have class cleanups.
    return True


def owner_of_fixture(fixturedef: pytest.FixtureDef[Any], test: Owner | None) -> Owner:
    """The fixture; or the test, for a ``setup_method`` that pytest runs as a function-scoped fixture."""
    name = fixturedef.argname
    scope = str(fixturedef.scope)
    if is_xunit(fixturedef):
        if scope == "function" and test is not None:
            return test
        function = _users_function(fixturedef.func)
        name = getattr(function, "__name__", _xunit_name(name, scope))
        return Owner(scope, name, code=getattr(function, "__code__", None), class_name=_class_of(fixturedef))
    function = fixturedef.func
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    nodeid = test.nodeid if test is not None and scope == "function" else None
    code = getattr(function, "__code__", None)
    return Owner(scope, name, nodeid=nodeid, code=code, class_name=_class_of(fixturedef))


def _class_of(fixturedef: pytest.FixtureDef[Any]) -> str:
    """The test class that a fixture is defined in; empty if that is a module."""
    return str(getattr(fixturedef, "baseid", "")).partition("::")[2]


def _users_function(generated: Any) -> Any:
    """``setup_module`` itself, or else ``teardown_module``, out of the fixture that pytest makes of them."""
    for prefix in ("setup", "teardown"):
        for function in _functions_in_closure(generated):
            # A test case that defines no ``setUpClass`` has unittest's own.
            if function.__name__.lower().startswith(prefix) and function.__module__ != "unittest.case":
                return function
    return generated


def _functions_in_closure(function: Any) -> Iterator[FunctionType]:
    for cell in getattr(function, "__closure__", None) or ():
        try:
            content = cell.cell_contents
        except ValueError:  # empty
            continue
        content = getattr(content, "__func__", content)
        if isinstance(content, FunctionType):
            yield content


def _xunit_name(name: str, scope: str) -> str:
    if "unittest" in name:
        return "setUpClass" if scope == "class" else name
    return {"module": "setup_module", "class": "setup_class", "function": "setup_method"}.get(scope, name)
