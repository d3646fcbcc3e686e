"""The source around a line, for a report that people read."""

from __future__ import annotations

import linecache
import textwrap
from dataclasses import dataclass
from typing import Final

from .. import own_modules
from .text import printable

#: Control characters: HTML can't have most of them, and others break a line.  For ``str.translate``.
CONTROL: Final = {n: "\N{REPLACEMENT CHARACTER}" for n in range(32) if chr(n) not in "\t\n"}
_AROUND: Final = 2
_MAX_WIDTH: Final = 300


@dataclass(frozen=True)
class Line:
    """``is_meant``: the line that was asked for, not one around it."""

    number: int
    text: str
    is_meant: bool


def lines_around(path: str, number: int) -> tuple[Line, ...]:
    """Two lines before and two after, without their common indent; empty if the source can't be read."""
    # From Python 3.13 on linecache imports what it needs each time.
    with own_modules():
        source = linecache.getlines(path)
    if not 0 < number <= len(source):
        return ()
    first = max(number - _AROUND, 1)
    last = min(number + _AROUND, len(source))
    # A form feed or a lone carriage return, if it stayed, would look like the end of a line.
    texts = [source[n - 1].rstrip().translate(CONTROL) for n in range(first, last + 1)]
    texts = textwrap.dedent("\n".join(texts).expandtabs(4)).split("\n")
    rows = [
        Line(first + n, printable(text[:_MAX_WIDTH]), first + n == number) for n, text in enumerate(texts)
    ]
    while rows and not rows[0].text and not rows[0].is_meant:
        del rows[0]
    while rows and not rows[-1].text and not rows[-1].is_meant:
        del rows[-1]
    return tuple(rows)
