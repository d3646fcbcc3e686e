"""A stack as code objects and instruction offsets: cheap to take, and it keeps no frame alive."""

from __future__ import annotations

import os
import sys
from types import CodeType, FrameType, TracebackType
from typing import Final

#: Code objects and offsets (``frame.f_lasti``), innermost first.
Stack = tuple[tuple[CodeType, int], ...]

IMPORT_FILES: Final = frozenset(("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>"))


def _stop_files() -> frozenset[str]:
    """The files at whose frames a walk up the stack ends: farther out are only pytest's own.

    pytest is not imported for this: the development server's process has none, and its application must not
    see one.
    """
    names = (
        "_pytest.config",
        "_pytest.fixtures",
        "_pytest.python",
        "_pytest.runner",
        "_pytest.unittest",
    )
    files = [getattr(sys.modules.get(name), "__file__", None) for name in names]
    # In which file the function is depends on pluggy's version.
    calls = getattr(sys.modules.get("pluggy._callers"), "_multicall", None)
    return frozenset(
        [file for file in files if file] + ([calls.__code__.co_filename] if calls is not None else [])
    )


STOP_FILES: Final = _stop_files()
_REWRITE_FILE: Final = os.path.join("_pytest", "assertion", "rewrite.py")
_RESPONSES_FILE: Final = os.path.join(os.path.dirname(__file__), "checks", "responses.py")
_WERKZEUG_UTILS: Final = os.path.join("werkzeug", "utils.py")
_MAX_FRAMES: Final = 100


def capture_stack(frame: FrameType | None) -> Stack:
    """The stack as code objects and instruction offsets, innermost first, without pytest's frames."""
    stack = []
    room = _MAX_FRAMES
    while frame is not None and room:
        code = frame.f_code
        if code.co_filename in STOP_FILES:
            break
        stack.append((code, frame.f_lasti))
        frame = frame.f_back
        room -= 1
    return tuple(stack)


def importing_module(stack: Stack) -> str:
    """The file of the module whose import opened the resource; empty if none did."""
    for position, (code, _) in enumerate(stack[:-1]):
        if code.co_name == "<module>":
            caller = stack[position + 1][0].co_filename
            if caller in IMPORT_FILES or caller.endswith(_REWRITE_FILE):
                return code.co_filename
    return ""


def made_in_request(stack: Stack) -> bool:
    """Whether a stack was taken inside the application, in a test client's request."""
    return _position_of_request(stack) is not None


def request_of(stack: Stack) -> Stack:
    """The frames around the test client's call, of a stack that was taken inside the application."""
    position = _position_of_request(stack)
    return stack if position is None else stack[position + 1 :]


def inside_request(stack: Stack) -> Stack:
    """The frames inside the test client's call; empty if the stack was not taken in one."""
    return stack[: _position_of_request(stack) or 0]


def _position_of_request(stack: Stack) -> int | None:
    for position, (code, _) in enumerate(stack):
        if code.co_name == "run_wsgi_app" and code.co_filename == _RESPONSES_FILE:
            return position
    return None


def was_sent(stack: Stack) -> bool:
    """Whether a file was opened by ``send_file``."""
    return any(c.co_name == "send_file" and c.co_filename.endswith(_WERKZEUG_UTILS) for c, _ in stack)


def line_of(code: CodeType, offset: int) -> int:
    """The line of an instruction offset (``frame.f_lasti``), without the frame."""
    line = code.co_firstlineno
    for start, end, number in code.co_lines():
        if start <= offset < end:
            return number or line
        if number:
            line = number
    return line


def line_of_traceback(traceback: TracebackType) -> int:
    """Its line, or its function's first one where the instruction has none."""
    line: int | None = traceback.tb_lineno
    if line is None or line < 1:  # -1 on Python 3.10
        return line_of(traceback.tb_frame.f_code, traceback.tb_lasti)
    return line
