"""A chain of references, drawn with the characters of a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ..heap.chains import Chain
from .text import clip, place, printable

#: Of a picture, with its heading.
_MAX_LINES: Final = 10
_MAX_EDGE: Final = 28
_MAX_TEXT: Final = 60

#: How a node is reached, what it is, and where that is.
_Row = tuple[str, str, str]


def chain_lines(chain: Chain, start: Path) -> list[str]:
    """``start``: the directory that paths are shown relative to.

    None where a picture would say no more than the finding's line ``held by``: of a variable that refers to
    the resource itself.
    """
    if not chain.is_loop and len(chain.nodes) < 3:
        return []
    rows = _rows(chain, start)
    closing: _Row = (chain.edges[-1], f"the same {chain.nodes[0].kind}", "") if chain.is_loop else rows.pop()
    first, inner = rows[0], _folded(rows[1:], _MAX_LINES - 3)
    table = _aligned([first, *inner, closing])
    if not chain.is_loop:
        head, *rest = table
        return ["    what holds it:", f"      {head}", *(f"        {line}" for line in rest)]
    head, *middle, last = table
    return [
        "    what keeps it alive:",
        f"      +-> {head}",
        *(f"      |   {line}" for line in middle),
        f"      +-- {last}",
    ]


def _rows(chain: Chain, start: Path) -> list[_Row]:
    edges = ("", *chain.edges)
    return [
        (
            clip(printable(edge), _MAX_EDGE),
            clip(printable(node.text), _MAX_TEXT),
            place(node.path, node.line, start),
        )
        for edge, node in zip(edges, chain.nodes, strict=False)
    ]


def _folded(rows: Sequence[_Row], most: int) -> list[_Row]:
    left_out = len(rows) - most
    if left_out <= 0:
        return list(rows)
    # What leads to the exception is told by the stack above; what holds it is at the other end.
    before = most // 2
    after = most - before - 1
    return [*rows[:before], ("...", f"{left_out + 1} more", ""), *rows[len(rows) - after :]]


def _aligned(rows: Sequence[_Row]) -> list[str]:
    widths = [max(len(row[column]) for row in rows[1:]) for column in (0, 1)]
    lines = [f"{rows[0][1]}  {rows[0][2]}".rstrip()]
    for edge, text, where in rows[1:]:
        lines.append(f"{edge:<{widths[0]}}  {text:<{widths[1]}}  {where}".rstrip())
    return lines
