"""A chain made ready to be drawn: what is said in which box, how wide that is, and the same as sentences.

Whoever places the boxes (``chain_layout.py``, ``chain_dot.py``) sees their sizes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ..chains import Chain, Node
from .chain_fit import clip_left, clip_right, readable, width_of, wrap
from .text import relative

#: More nodes are folded in the middle.
MAX_DRAWN: Final = 12
#: Lengths are in CSS pixels.  With the loop's lane, a box of this width is legible on 320 pixels.
_MAX_WIDTH: Final = 280.0
_MIN_WIDTH: Final = 176.0
_MAX_LABEL: Final = 190.0
#: What a label needs beside its own width.
_BESIDE_LABEL: Final = 80.0
PADDING: Final = 14.0
BADGE: Final = "mend here"

LineKind = Literal["text", "sub", "row"]
#: Height of a line, size of its letters.
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
    nodes, loop = chain.nodes, chain.is_loop
    if not nodes:
        raise ValueError("a chain has at least one node")
    count = len(nodes) if loop else len(nodes) - 1
    edges = [*chain.edges[:count], *[""] * (count - len(chain.edges))]
    mend = to_mend(chain)
    parts = _parts(len(nodes), mend)
    places = {part[0]: _place(nodes[part[0]], start) for part in parts if len(part) == 1}
    wanted = max(_natural_width(nodes[n], place) for n, place in places.items())
    beside = [readable(edges[part[-1]]) for part in parts if part[-1] < count]
    label = max((width_of(edge, LABEL_SIZE, mono=True) for edge in beside), default=0.0)
    width = min(max(wanted, min(label, _MAX_LABEL) + _BESIDE_LABEL, _MIN_WIDTH), _MAX_WIDTH)

    blocks: list[Block] = []
    arrows: list[Arrow] = []
    told: list[str] = []
    for drawn in parts:
        first, last = drawn[0], drawn[-1]
        if len(drawn) > 1:
            blocks.append(_fold_block([nodes[n] for n in drawn]))
            told.append(blocks[-1].lines[0].text)
        else:
            blocks.append(_block(nodes[first], places[first], width, first == mend))
            told.append(_words(nodes[first], places[first]))
        if last < count:
            arrows.append(_arrow(beside[len(arrows)], hot=last >= mend))
            arrows[-1].again = edges[last] == ".tb_next" and _are_tracebacks(nodes[last : last + 2])
    title = _title(nodes, edges, mend, loop)
    return Shape(
        blocks, arrows, width, title, _story(told, arrows, nodes[0], _words(nodes[mend], places[mend]))
    )


def _are_tracebacks(nodes: Sequence[Node]) -> bool:
    return len(nodes) > 1 and {node.kind for node in nodes} == {_TRACEBACK}


def to_mend(chain: Chain) -> int:
    """The number of the node that the reader has to change."""
    if not chain.is_loop:
        return max(len(chain.nodes) - 2, 0)
    frames = [n for n, node in enumerate(chain.nodes) if node.kind == "frame"]
    return frames[-1] if frames else len(chain.nodes) - 1


def _parts(count: int, mend: int) -> list[range]:
    """The nodes, one by one; folded together are some of a long chain, never what is to be mended."""
    if count <= MAX_DRAWN:
        return [range(n, n + 1) for n in range(count)]
    shown = MAX_DRAWN - 1  # the fold is a box as well
    behind = count - mend
    if mend <= shown // 2 or behind <= shown // 2:
        head = shown - shown // 2
    elif behind < shown:
        head = shown - behind
    elif mend < shown - 1:
        head = mend + 1
    else:
        # Far from both ends.
        middle = range(mend - 1, mend + 3)
        ends = [
            range(3),
            range(3, middle.start),
            middle,
            range(middle.stop, count - 3),
            range(count - 3, count),
        ]
        return [
            part
            for n, whole in enumerate(ends)
            for part in ([whole] if n % 2 else [range(i, i + 1) for i in whole])
        ]
    fold = range(head, head + count - shown)
    return [
        *(range(n, n + 1) for n in range(head)),
        fold,
        *(range(n, n + 1) for n in range(fold.stop, count)),
    ]


def _place(node: Node, start: Path) -> str:
    if not node.path:
        return ""
    path = readable(relative(node.path, start))
    return f"{path}:{node.line}" if node.line else path


def _word(node: Node) -> str:
    return readable(_WORDS.get(node.kind, node.kind))


def _name(node: Node) -> str:
    return readable(node.text) or _word(node)


def _natural_width(node: Node, place: str) -> float:
    text = width_of(_name(node), LINES["text"][1], mono=True)
    sub = width_of(f"{_word(node)} · {place}", LINES["sub"][1])
    return max(text, sub) + 2 * PADDING + 2


def _block(node: Node, place: str, width: float, mend: bool) -> Block:
    room = width - 2 * PADDING
    word, name = _word(node), _name(node)
    lines: list[Line] = []
    if node.kind == _TRACEBACK and place and not mend:
        lines.append(_traceback_row(name, place, room))
    else:
        size = LINES["text"][1]
        parts = wrap(name, size, room, mono=True)
        full = name if "".join(parts) != name else ""
        lines += [Line("text", part, full) for part in parts]
        sub = [part for part in (word if name != word else "", place) if part]
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


def _traceback_row(name: str, place: str, room: float) -> Line:
    """Only which line it is at; the function too, where there is room for it."""
    size = LINES["row"][1]
    if name != _TRACEBACK and width_of(f"{place}  {name}", size) <= room:
        return Line("row", f"{place}  {name}")
    shown = clip_left(place, size, room)
    full = place if name == _TRACEBACK else f"{place} {name}"
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


def _words(node: Node, place: str) -> str:
    word, name = _word(node), _name(node)
    details = ", ".join(part for part in (word if name != word else "", place) if part)
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
