"""Words for a cycle: the exception, and the way from a variable to it."""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import Any, Final

_MAX_TEXT: Final = 120


def render_path(objects: list[Any]) -> str:
    """How the last object is reached from the first: ``.errors[0]``."""
    text = ""
    for position in range(len(objects) - 1):
        holder, target = objects[position], objects[position + 1]
        if type(holder) is dict:
            name = next((k for k, v in holder.items() if v is target), None)
            owner = objects[position - 1] if position else None
            if (
                owner is not None
                and isinstance(name, str)
                and not issubclass(type(owner), (dict, list, tuple))
            ):
                text += f".{name}"
            else:
                text += f"[{name!r:.40}]" if isinstance(name, (str, int)) else "[...]"
        elif issubclass(type(holder), (list, tuple)):
            number = next((i for i, v in enumerate(holder) if v is target), None)
            text += "[...]" if number is None else f"[{number}]"
        elif type(target) is dict and position + 2 < len(objects):
            continue  # the instance's __dict__: the name comes with the next step
        else:
            name = _attribute_name(holder, target)
            text += f".{name}" if name else ""
    return text


def _attribute_name(holder: Any, target: Any) -> str:
    # Past whatever the user's class has made of its attributes, its __class__ too.
    if issubclass(type(holder), BaseException):
        for name in ("__cause__", "__context__", "__traceback__"):
            if vars(BaseException)[name].__get__(holder) is target:
                return name
    try:
        attributes = object.__getattribute__(holder, "__dict__")
    except Exception:
        attributes = {}
    return next((str(k) for k, v in attributes.items() if v is target), "")


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
    """Type and message; a hostile ``__str__`` costs only the message."""
    name = type(exception).__name__
    try:
        text = str(exception).partition("\n")[0]
    except Exception:
        text = ""
    text = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
    return f"{name}: {text}" if text else name
