"""The plugin's own faults: they break no test, and the summary lists them as ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any, Final, TypeVar, cast

#: Faults that are listed at most.
_MAX: Final = 20
_Method = TypeVar("_Method", bound=Callable[..., Any])


class Faults(list[str]):
    """What went wrong in the plugin itself; the same error is listed once, wherever it was met."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def add(self, where: str, error: BaseException) -> None:
        """``where``: the part of the plugin that met the error, in words."""
        if len(self) >= _MAX:
            return
        text = f"{type(error).__name__}: {message_of(error)}"
        if text not in self._seen:
            self._seen.add(text)
            self.append(f"{where}: {text}")


def message_of(error: BaseException) -> str:
    """``str(error)``; empty if its class can't say it, for it may be an exception of the user's."""
    try:
        return str(error)
    except Exception:
        return ""


def harmless(method: _Method) -> _Method:
    """Decorate a method so that an exception in it never breaks a test.

    The exception is added to the faults, and the method returns None.  The seconds that the method takes are
    counted as the plugin's cost.  It is for methods with at most two arguments beside ``self``, of classes
    with an attribute ``ledger``.
    """

    # Ten calls a test.  Passing on ``*args``, or a context manager, would double what they cost.
    @wraps(method)
    def guarded_0(self: Any) -> Any:
        cost, busy = self.ledger.cost, self.ledger.cost.busy
        cost.busy, began = True, perf_counter()
        try:
            return method(self)
        except Exception as error:
            self.ledger.faults.add(method.__name__, error)
            return None
        finally:
            if not busy:
                cost.busy = False
                cost.seconds += perf_counter() - began

    @wraps(method)
    def guarded_1(self: Any, argument: Any) -> Any:
        cost, busy = self.ledger.cost, self.ledger.cost.busy
        cost.busy, began = True, perf_counter()
        try:
            return method(self, argument)
        except Exception as error:
            self.ledger.faults.add(method.__name__, error)
            return None
        finally:
            if not busy:
                cost.busy = False
                cost.seconds += perf_counter() - began

    @wraps(method)
    def guarded_2(self: Any, first: Any, second: Any) -> Any:
        cost, busy = self.ledger.cost, self.ledger.cost.busy
        cost.busy, began = True, perf_counter()
        try:
            return method(self, first, second)
        except Exception as error:
            self.ledger.faults.add(method.__name__, error)
            return None
        finally:
            if not busy:
                cost.busy = False
                cost.seconds += perf_counter() - began

    arguments: int = method.__code__.co_argcount - 1
    return cast("_Method", (guarded_0, guarded_1, guarded_2)[arguments])
