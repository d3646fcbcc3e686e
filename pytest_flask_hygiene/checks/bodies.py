"""A response's body, closed once: by the test, when it is dropped, or when its owner ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import CodeType, GeneratorType
from typing import Any, Final

from ..birth import Birth
from ..files import descriptor_and_name, is_open_file
from ..findings import Owner
from ..stacks import Stack, was_sent

#: By which names an iterable knows the one that it wraps.
_STREAM_ATTRIBUTES: Final = ("response", "iterable", "file", "_iterable", "app_iter")
#: Iterables that are looked at, one inside another.
_MAX_WRAPPERS: Final = 12


class LeftResponse:
    """What is told of a streamed response that the test did not close.  Holds no object of the user's."""

    __slots__ = ("birth", "dropped", "generator", "owner", "stack", "stream_left")

    def __init__(self, body: Body, *, dropped: bool, stream_left: bool) -> None:
        self.owner = body.owner
        self.stack = body.stack
        """Where the request was made."""
        self.birth = body.birth
        """Of the sent file, if there is one."""
        self.dropped = dropped
        """Nobody refers to it any more."""
        self.stream_left = stream_left
        """Its stream was still open; else it is only about a sent file that another body has replaced."""
        self.generator: CodeType | None = None
        if isinstance(body.stream, GeneratorType):
            self.generator = body.stream.gi_code


class Body:
    """Stands for the application's iterable in a response, and closes it once."""

    __slots__ = (
        "__weakref__",
        "_close",
        "_closed",
        "_iterable",
        "_next",
        "_on_fault",
        "_on_left",
        "birth",
        "exhausted",
        "owner",
        "stack",
        "stream",
    )

    def __init__(
        self,
        iterable: Iterable[bytes],
        owner: Owner,
        on_left: Callable[[LeftResponse], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        self._on_fault = on_fault
        self._closed = True  # until there is something to close
        self._iterable = iterable
        self._next: Callable[[], bytes] | None = None
        self._close = attribute(iterable, "close")
        self._on_left = on_left
        self.owner = owner
        self.stack: Stack = ()
        """Where the request was made."""
        self.birth: Birth | None = None
        """Of the file that was sent, if one was."""
        self.exhausted = False
        """It was read to its end, or has raised."""
        self.stream = _find_stream(iterable)
        """The open file or the generator behind the iterable, until that is closed."""
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        # Once: run_wsgi_app makes an iterator, and itertools.chain() asks it for one again.
        if self._next is None and not self._closed:
            self._next = iter(self._iterable).__next__
        return self

    def __next__(self) -> bytes:
        iter(self)
        if self._next is None:
            raise StopIteration
        try:
            return self._next()
        except BaseException:
            self.exhausted = True
            raise

    @property
    def is_open(self) -> bool:
        return not self._closed

    def close(self) -> None:
        """Close the application's iterable, the first time.  Raises what its ``close()`` raises."""
        if self._closed:
            return
        self._closed = True
        stream, self.stream = self.stream, None
        try:
            if self._close is not None:
                self._close()
        finally:
            # An iterable that has a file need not close it: then it is the view's, as it is under a server.
            birth = self.birth
            if birth is not None and _is_views(birth) and is_open_file(stream):
                birth.served = ""

    def finish(self, *, dropped: bool = False) -> None:
        """Close what nobody closed, and tell of it.  Never raises."""
        if self._closed:
            return
        left = self._left(dropped)
        is_replaced = left is not None and left.birth is not None and left.birth.served == "replaced"
        if left is not None and not is_replaced:
            self._on_left(left)
        with suppress(Exception):  # the application's close callbacks: without us they would not have run
            self.close()
        if left is not None and is_replaced:
            # A file that is still open when nothing of its response is left, the application keeps.
            self._iterable, self._next, self._close = (), None, None
            self._on_left(left)

    def _left(self, dropped: bool) -> LeftResponse | None:
        try:
            stream_left = self._stream_is_left(dropped)
        except Exception as error:
            self._on_fault(error)
            return None
        birth = self.birth
        if not stream_left and (birth is None or birth.served not in ("replaced", "dropped")):
            return None
        return LeftResponse(self, dropped=dropped, stream_left=stream_left)

    def _stream_is_left(self, dropped: bool) -> bool:
        stream = self.stream
        if isinstance(stream, GeneratorType):
            # In a cycle the collector may have closed the generator before it comes here.
            return not self.exhausted and (dropped or stream.gi_frame is not None)
        return is_open_file(stream)

    def __del__(self) -> None:
        self.finish(dropped=True)


def _is_views(birth: Birth) -> bool:
    """Whether the view opened the file itself.

    What ``send_file`` opened is closed with its response, or is up to the extension that has taken it over.
    """
    return birth.served == "response" and not was_sent(birth.stack)


def attribute(value: object, name: str) -> Any:
    """An attribute of an object of the user's; None also where its class raises whatever it likes."""
    try:
        return getattr(value, name, None)
    except Exception:
        return None


def _find_stream(iterable: Any) -> Any:
    """The open file or the generator behind an application's iterable; None for a text or a list.

    Middleware and extensions wrap one iterable in another, so attributes of the usual names are followed.
    """
    pending = [iterable]
    for _ in range(_MAX_WRAPPERS):
        if not pending:
            return None
        current = pending.pop(0)
        if current is None or isinstance(current, (list, tuple, str, bytes)):
            continue
        if isinstance(current, GeneratorType):
            if current.gi_code.co_name in ("iter_encoded", "_iter_encoded"):
                continue
            return current
        if descriptor_and_name(current)[0] is not None:
            return current
        callbacks = attribute(current, "_callbacks")  # werkzeug's ClosingIterator
        if isinstance(callbacks, list):
            pending += [attribute(callback, "__self__") for callback in callbacks]
            if type(current).__name__ == "ClosingIterator":
                continue
        for name in _STREAM_ATTRIBUTES:
            value = attribute(current, name)
            if isinstance(value, (list, tuple)):
                # A response of a text, as most are: no need to ask for attributes that it has not.
                break
            if value is not None and not callable(value):
                pending.append(value)
    return None
