"""A stack as code objects and instruction offsets: cheap to take, and it keeps no frame alive."""

from __future__ import annotations

import os
from types import CodeType, FrameType
from typing import Final

import _pytest.config
import _pytest.fixtures
import _pytest.python
import _pytest.runner
import _pytest.unittest
from pluggy._callers import _multicall

#: Innermost first.
Stack = tuple[tuple[CodeType, int], ...]

IMPORT_FILES: Final = frozenset(("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>"))
_REWRITE_FILE: Final = os.path.join(os.path.dirname(_pytest.python.__file__), "assertion", "rewrite.py")
#: A walk up the stack ends here: below are only pytest's own frames.
_STOP_FILES: Final = frozenset(
    (
        # In which file it is depends on pluggy's version.
        _multicall.__code__.co_filename,
        _pytest.config.__file__,
        _pytest.fixtures.__file__,
        _pytest.python.__file__,
        _pytest.runner.__file__,
        _pytest.unittest.__file__,
    )
)
_RESPONSES_FILE: Final = os.path.join(os.path.dirname(__file__), "checks", "responses.py")
_MAX_FRAMES: Final = 100


def capture_stack(frame: FrameType | None) -> Stack:
    """The stack as code objects and instruction offsets, innermost first, without pytest's frames."""
    stack = []
    room = _MAX_FRAMES
    while frame is not None and room:
        code = frame.f_code
        if code.co_filename in _STOP_FILES:
            break
        stack.append((code, frame.f_lasti))
        frame = frame.f_back
        room -= 1
    return tuple(stack)


def importing_module(stack: Stack) -> str:
    """The module whose import opened the resource; empty if none did."""
    for position, (code, _) in enumerate(stack[:-1]):
        if code.co_name == "<module>":
            caller = stack[position + 1][0].co_filename
            if caller in IMPORT_FILES or caller == _REWRITE_FILE:
                return code.co_filename
    return ""


def made_in_request(stack: Stack) -> bool:
    """Whether a stack was taken inside the application, in a test client's request."""
    return any(code.co_name == "run_wsgi_app" and code.co_filename == _RESPONSES_FILE for code, _ in stack)


def line_of(code: CodeType, offset: int) -> int:
    """The line of an instruction offset (``frame.f_lasti``), without the frame."""
    line = code.co_firstlineno
    for start, end, number in code.co_lines():
        if start <= offset < end:
            return number or line
        if number:
            line = number
    return line
