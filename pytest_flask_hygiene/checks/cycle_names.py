"""Words for a cycle: the exception, and the way from a variable to it."""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import Any, Final

from ..faults import message_of
from ..findings import A_TRACEBACK
from ..heap.references import steps
from ..static_attributes import address

_MAX_TEXT: Final = 120
#: What a cycle keeps alive: an exception, or a traceback whose exception is gone.
Kept = BaseException | TracebackType


def render_path(objects: list[Any]) -> str:
    """How the last object is reached from the first: ``.errors[0]``."""
    return "".join(text for text, _ in steps(objects, garbage=True)) if len(objects) > 1 else ""


def traceback_of(kept: Kept) -> TracebackType | None:
    """``exception.__traceback__``, past what a subclass has made of it; a traceback is its own."""
    if type(kept) is TracebackType:
        return kept
    traceback: TracebackType | None = vars(BaseException)["__traceback__"].__get__(kept)
    return traceback


def without_exception(
    tracebacks: list[TracebackType], exceptions: list[BaseException]
) -> list[TracebackType]:
    """The tracebacks that belong to none of these exceptions, and are no later part of another one."""
    parts = {address(t.tb_next) for t in tracebacks} if tracebacks else set()
    for exception in exceptions:
        traceback = traceback_of(exception)
        while traceback is not None and address(traceback) not in parts:
            parts.add(address(traceback))
            traceback = traceback.tb_next
    return [traceback for traceback in tracebacks if address(traceback) not in parts]


def traceback_depth(kept: Kept, frame: FrameType) -> int:
    depth, traceback = 0, traceback_of(kept)
    while traceback is not None and depth < 1_000:
        if traceback.tb_frame is frame:
            return depth
        depth, traceback = depth + 1, traceback.tb_next
    return -1


def callee_of(kept: Kept, frame: FrameType) -> str:
    """The function that handed the exception to a frame: by raising it, or by returning it."""
    traceback = first = traceback_of(kept)
    while traceback is not None and traceback.tb_frame is not frame:
        traceback = traceback.tb_next
    traceback = first if traceback is None else traceback.tb_next
    return "" if traceback is None else traceback.tb_frame.f_code.co_name


def describe(kept: Kept) -> str:
    """An exception's type and the first line of its message, cut off where it is long."""
    if type(kept) is TracebackType:
        return A_TRACEBACK
    name = type(kept).__name__
    text = message_of(kept).partition("\n")[0]
    text = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
    return f"{name}: {text}" if text else name
