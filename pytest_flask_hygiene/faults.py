"""Our own faults: they break no test, and are reported as ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any, Final, TypeVar, cast

_MAX: Final = 20
_Method = TypeVar("_Method", bound=Callable[..., Any])


class Faults(list[str]):
    """The same error is listed once, wherever it was met."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def add(self, where: str, error: BaseException) -> None:
        text = f"{type(error).__name__}: {error}"
        if text not in self._seen and len(self) < _MAX:
            self._seen.add(text)
            self.append(f"{where}: {text}")


def harmless(method: _Method) -> _Method:
    """A fault of ours never breaks a test: it is reported once, as ours, and the method returns None.

    What the method takes is counted as the plugin's cost.

    For methods of classes with an attribute ``ledger``.
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
