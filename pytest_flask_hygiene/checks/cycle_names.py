"""Words for a cycle: the exception, and the way from a variable to it."""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import Any, Final

from ..faults import message_of
from ..heap.references import steps

_MAX_TEXT: Final = 120


def render_path(objects: list[Any]) -> str:
    """How the last object is reached from the first: ``.errors[0]``."""
    return "".join(text for text, _ in steps(objects, garbage=True)) if len(objects) > 1 else ""


def traceback_of(exception: BaseException) -> TracebackType | None:
    """``exception.__traceback__``, past what a subclass has made of it."""
    traceback: TracebackType | None = vars(BaseException)["__traceback__"].__get__(exception)
    return traceback


def traceback_depth(exception: BaseException, frame: FrameType) -> int:
    depth, traceback = 0, traceback_of(exception)
    while traceback is not None and depth < 1_000:
        if traceback.tb_frame is frame:
            return depth
        depth, traceback = depth + 1, traceback.tb_next
    return -1


def callee_of(exception: BaseException, frame: FrameType) -> str:
    """The function that handed the exception to a frame: by raising it, or by returning it."""
    traceback = first = traceback_of(exception)
    while traceback is not None and traceback.tb_frame is not frame:
        traceback = traceback.tb_next
    traceback = first if traceback is None else traceback.tb_next
    return "" if traceback is None else traceback.tb_frame.f_code.co_name


def describe(exception: BaseException) -> str:
    """Type and the first line of the message, cut off where it is long."""
    name = type(exception).__name__
    text = message_of(exception).partition("\n")[0]
    text = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
    return f"{name}: {text}" if text else name
