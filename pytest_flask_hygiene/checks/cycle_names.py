"""Words for a cycle: the exception, the way from a variable to it, the line that stored it."""

from __future__ import annotations

import dis
from types import CodeType, FrameType, TracebackType
from typing import Any, Final

from ..references import steps

_MAX_TEXT: Final = 120


def render_path(objects: list[Any]) -> str:
    """How the last object is reached from the first: ``.errors[0]``."""
    return "".join(text for text, _ in steps(objects)) if len(objects) > 1 else ""


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


def line_of_store(code: CodeType, variable: str, raised: int) -> int:
    """The line that stores the exception: ``error = e``, ``self.error = e``.  0 if there is none.

    The first one behind the line that raised it (a handler follows), or else the last one before.
    """
    name, _, rest = variable.partition(".")
    attribute = rest.split("[")[0].split(".")[-1] if rest else ""
    plain = name.partition("[")[0]
    line = 0
    lines: list[int] = []
    cleared = False
    for instruction in dis.get_instructions(code):
        if instruction.starts_line:
            current = instruction.starts_line
            line = current if type(current) is int else (getattr(instruction, "line_number", None) or line)
        if attribute:
            stores = instruction.opname == "STORE_ATTR" and instruction.argval == attribute
        else:
            stores = instruction.opname.startswith("STORE_") and _names(instruction.argval, plain)
        # "except E as error:" ends by storing None.
        if stores and not cleared:
            lines.append(line)
        cleared = instruction.opname == "LOAD_CONST" and instruction.argval is None
    behind = [number for number in lines if number > raised]
    return min(behind) if behind else max(lines, default=0)


def _names(argument: object, name: str) -> bool:
    """Python 3.13 stores two variables with one instruction."""
    return argument == name or (isinstance(argument, tuple) and name in argument)


def describe(exception: BaseException) -> str:
    """Type and message; a hostile ``__str__`` costs only the message."""
    name = type(exception).__name__
    try:
        text = str(exception).partition("\n")[0]
    except Exception:
        text = ""
    text = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
    return f"{name}: {text}" if text else name
