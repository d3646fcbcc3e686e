"""A chain made ready to be drawn: what each box and each arrow says, how large that is, and the same as text.

``chain_layout.py`` and ``chain_dot.py``, which place the boxes, look at their sizes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ..heap.chains import Chain, Node
from .chain_fit import clip_left, clip_right, readable, width_of, wrap
from .text import place

#: Boxes of a picture; of a longer chain some nodes are folded into one box.
MAX_DRAWN: Final = 12
#: Lengths are in CSS pixels.  With the loop's lane, a box of this width is legible on 320 pixels.
_MAX_WIDTH: Final = 280.0
_MIN_WIDTH: Final = 176.0
_MAX_LABEL: Final = 190.0
#: What an arrow's label needs beside its own width.
_BESIDE_LABEL: Final = 80.0
PADDING: Final = 14.0
BADGE: Final = "mend here"

LineKind = Literal["text", "sub", "row"]
#: The height of a line, and the size of its letters.
LINES: Final[dict[LineKind, tuple[float, float]]] = {
    "text": (18.0, 13.0),
    "sub": (16.0, 12.0),
    "row": (18.0, 12.0),
}
LABEL_SIZE: Final = 12.0

_WORDS: Final = {"cache": "cached function", "resource": "still open"}
_TRACEBACK: Final = "traceback"


@dataclass
class Line:
    kind: LineKind
    text: str
    full: str = ""
    """All of it, where ``text`` was clipped."""


@dataclass
class Block:
    """One box."""

    lines: list[Line]
    kind: str
    mend: bool = False
    """What the reader has to change."""
    fold: bool = False
    """It stands for several nodes."""
    height: float = 0.0


@dataclass
class Arrow:
    label: str
    full: str = ""
    hot: bool = False
    """Part of the way that the reader has to cut."""
    again: bool = False
    """One of a row of tracebacks, where it is always ``.tb_next``: not written there."""
    width: float = 0.0
    """Of the label; 0 where there is none."""


@dataclass
class Shape:
    blocks: list[Block]
    arrows: list[Arrow]
    """One less than the blocks; as many in a loop."""
    width: float
    """Of each block."""
    title: str
    description: str

    @property
    def is_loop(self) -> bool:
        return len(self.arrows) == len(self.blocks)

    @property
    def key(self) -> tuple[object, ...]:
        """Shapes with equal keys are placed alike."""
        return self.width, *(b.height for b in self.blocks), *(a.again for a in self.arrows)


def shape_of(chain: Chain, start: Path) -> Shape:
    """``start``: the directory that paths are shown relative to.  Raises ValueError if there are no nodes."""
    nodes = chain.nodes
    if not nodes:
        raise ValueError("a chain has at least one node")
    arrow_count = len(nodes) if chain.is_loop else len(nodes) - 1
    edges = [*chain.edges[:arrow_count], *[""] * (arrow_count - len(chain.edges))]
    mend = to_mend(chain)
    parts = _parts(len(nodes), mend)
    alone = [part[0] for part in parts if len(part) == 1]
    where = {n: readable(place(nodes[n].path, nodes[n].line, start)) for n in alone}
    labels = [readable(edges[part[-1]]) for part in parts if part[-1] < arrow_count]
    width = _box_width([_natural_width(nodes[n], where[n]) for n in where], labels)

    blocks: list[Block] = []
    arrows: list[Arrow] = []
    told: list[str] = []
    for part in parts:
        first, last = part[0], part[-1]
        if len(part) > 1:
            blocks.append(_fold_block([nodes[n] for n in part]))
            told.append(blocks[-1].lines[0].text)
        else:
            blocks.append(_block(nodes[first], where[first], width, first == mend))
            told.append(_words(nodes[first], where[first]))
        if last < arrow_count:
            arrows.append(_arrow(labels[len(arrows)], hot=last >= mend))
            arrows[-1].again = edges[last] == ".tb_next" and _are_tracebacks(nodes[last : last + 2])
    title = _title(nodes, edges, mend, chain.is_loop)
    description = _story(told, arrows, nodes[0], _words(nodes[mend], where[mend]))
    return Shape(blocks, arrows, width, title, description)


def _box_width(wanted: Sequence[float], labels: Sequence[str]) -> float:
    """Of each box: as wide as the widest text and the widest label beside an arrow need it, within limits."""
    label = max((width_of(text, LABEL_SIZE, mono=True) for text in labels), default=0.0)
    return min(max(*wanted, min(label, _MAX_LABEL) + _BESIDE_LABEL, _MIN_WIDTH), _MAX_WIDTH)


def _are_tracebacks(nodes: Sequence[Node]) -> bool:
    return len(nodes) > 1 and {node.kind for node in nodes} == {_TRACEBACK}


def to_mend(chain: Chain) -> int:
    """The number of the node that the reader has to change."""
    if not chain.is_loop:
        return max(len(chain.nodes) - 2, 0)
    frames = [n for n, node in enumerate(chain.nodes) if node.kind == "frame"]
    return frames[-1] if frames else len(chain.nodes) - 1


def _parts(count: int, mend: int) -> list[range]:
    """The numbers of the nodes in each box: one, or those that are folded into one box."""
    folds = {fold.start: fold for fold in _folds(count, mend)}
    parts: list[range] = []
    number = 0
    while number < count:
        part = folds.get(number, range(number, number + 1))
        parts.append(part)
        number = part.stop
    return parts


def _folds(count: int, mend: int) -> list[range]:
    """Which nodes of a long chain are folded, so that ``MAX_DRAWN`` boxes are left; never the one to mend."""
    if count <= MAX_DRAWN:
        return []
    shown = MAX_DRAWN - 1  # the fold is a box as well
    behind = count - mend
    if mend <= shown // 2 or behind <= shown // 2:
        head = shown - shown // 2
    elif behind < shown:
        head = shown - behind
    elif mend < shown - 1:
        head = mend + 1
    else:
        # Far from both ends: it stands in the middle, among four boxes, with three at each end.
        return [range(3, mend - 1), range(mend + 3, count - 3)]
    return [range(head, head + count - shown)]


def _word(node: Node) -> str:
    return readable(_WORDS.get(node.kind, node.kind))


def _name(node: Node) -> str:
    return readable(node.text) or _word(node)


def _natural_width(node: Node, where: str) -> float:
    text = width_of(_name(node), LINES["text"][1], mono=True)
    sub = width_of(f"{_word(node)} · {where}", LINES["sub"][1])
    return max(text, sub) + 2 * PADDING + 2


def _block(node: Node, where: str, width: float, mend: bool) -> Block:
    room = width - 2 * PADDING
    word, name = _word(node), _name(node)
    lines: list[Line] = []
    if node.kind == _TRACEBACK and where and not mend:
        lines.append(_traceback_row(name, where, room))
    else:
        size = LINES["text"][1]
        parts = wrap(name, size, room, mono=True)
        full = name if "".join(parts) != name else ""
        lines += [Line("text", part, full) for part in parts]
        sub = [part for part in (word if name != word else "", where) if part]
        together = " · ".join(sub)
        size = LINES["sub"][1]
        if width_of(together, size) <= room:
            sub = [together] if sub else []
        for part in sub:
            shown = clip_left(part, size, room)
            lines.append(Line("sub", shown, part if shown != part else ""))
    block = Block(lines, node.kind, mend)
    around = 12 if lines[0].kind == "row" else 18
    block.height = sum(LINES[line.kind][0] for line in lines) + around
    return block


def _traceback_row(name: str, where: str, room: float) -> Line:
    """Only which line it is at; the function too, where there is room for it."""
    size = LINES["row"][1]
    if name != _TRACEBACK and width_of(f"{where}  {name}", size) <= room:
        return Line("row", f"{where}  {name}")
    shown = clip_left(where, size, room)
    full = where if name == _TRACEBACK else f"{where} {name}"
    return Line("row", shown, full if shown != full else "")


def _fold_block(nodes: list[Node]) -> Block:
    kinds = {node.kind for node in nodes}
    noun = f" {kinds.pop()}s" if kinds == {_TRACEBACK} else ""
    block = Block([Line("sub", f"... {len(nodes)} more{noun}")], "fold", fold=True)
    block.height = LINES["sub"][0] + 12
    return block


def _arrow(label: str, hot: bool) -> Arrow:
    shown = clip_right(label, LABEL_SIZE, _MAX_LABEL, mono=True)
    full = label if shown != label else ""
    return Arrow(shown, full, hot=hot, width=width_of(shown, LABEL_SIZE, mono=True))


# -- sentences


def _words(node: Node, where: str) -> str:
    word, name = _word(node), _name(node)
    details = ", ".join(part for part in (word if name != word else "", where) if part)
    return f"{_short(name)} ({details})" if details else _short(name)


def _short(text: str, length: int = 120) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _title(nodes: tuple[Node, ...], edges: list[str], mend: int, loop: bool) -> str:
    first, last = _short(_name(nodes[0])), _short(_name(nodes[-1]))
    if not loop:
        return first if len(nodes) == 1 else f"{first} holds {last}"
    variable = _short(readable("".join(edges[mend : mend + MAX_DRAWN])))
    holder = _short(_name(nodes[mend]))
    if mend == 0:
        return f"Exception cycle: {first} refers to itself"
    return f"Exception cycle: {first}, held by {variable or 'a reference'} in {holder}"


def _story(told: list[str], arrows: list[Arrow], first: Node, mend: str) -> str:
    parts = [told[0]]
    for n, arrow in enumerate(arrows):
        verb = "refers" if n == 0 else "which refers"
        label = _short(arrow.full or arrow.label)
        way = f" by {label}" if label else ""
        target = told[n + 1] if n + 1 < len(told) else f"{_short(_name(first))} again"
        parts.append(f"{verb}{way} to {target}")
    sentence = " ".join(parts[:2]) + "".join(f", {part}" for part in parts[2:]) + "."
    return f"{sentence} To be mended: {mend}." if arrows else sentence
