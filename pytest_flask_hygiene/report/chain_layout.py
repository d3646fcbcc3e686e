"""Where the boxes and arrows of a chain stand: one below the other, a loop's last arrow round the side.

Nothing needs to be installed for it.  ``chain_dot.py`` has Graphviz say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .chain_shape import Arrow, Shape

Point = tuple[float, float]

MARGIN: Final = 10.0
#: Between two boxes: with a label, without one.
GAP: Final = 34.0
SHORT_GAP: Final = 17.0
#: Of the label of the arrow that closes a loop.
CHIP_HEIGHT: Final = 22.0
CHIP_PADDING: Final = 10.0
#: How far the arrows are from the boxes' left side.
_INDENT: Final = 26.0
#: How far a loop's last arrow goes round beside the boxes.
LANE: Final = 24.0
_ROUND: Final = 12.0


@dataclass
class Route:
    """One arrow."""

    points: list[Point]
    """Its corners, all of them right angles; the last is the tip."""
    label: Point
    """The left end of the label, halfway up."""


@dataclass
class Picture:
    """Where everything is, in CSS pixels from the left upper corner."""

    width: float
    height: float
    blocks: list[Point]
    """The left upper corners."""
    routes: list[Route]


def lay_out(shape: Shape) -> Picture:
    """The boxes below each other, as closely as the labels between them allow."""
    y = MARGIN
    tops: list[float] = []
    for block, arrow in zip(shape.blocks, [*shape.arrows, None], strict=False):
        tops.append(y)
        y += block.height + (SHORT_GAP if arrow is not None and arrow.again else GAP)
    right = MARGIN + shape.width
    if not shape.is_loop:
        return picture(shape, [(MARGIN, top) for top in tops], [], right, y - GAP)
    middle = MARGIN + shape.blocks[0].height / 2
    chip = y - GAP + SHORT_GAP + CHIP_HEIGHT / 2
    side = [(right + LANE, chip), (right + LANE, middle), (right, middle)]
    return picture(shape, [(MARGIN, top) for top in tops], side, right + LANE, chip + CHIP_HEIGHT / 2)


def picture(shape: Shape, blocks: list[Point], side: list[Point], right: float, bottom: float) -> Picture:
    """All of it, from where the boxes are.

    ``side``: the way of a loop's last arrow, from below the last box.  ``right``, ``bottom``: where all ends.
    """
    routes: list[Route] = []
    for n, ((x, y), block) in enumerate(zip(blocks, shape.blocks, strict=True)):
        x, y = x + _INDENT, y + block.height
        if n + 1 < len(blocks):
            below = blocks[n + 1][1]
            # A little above the middle: there the tip takes room.
            routes.append(Route([(x, y), (x, below)], (x + 12, (y + below) / 2 - 2)))
        elif side:
            turn = (x, side[0][1])
            routes.append(Route([(x, y), turn, *side], (x + 22 + CHIP_PADDING, turn[1])))
    return Picture(right + MARGIN, bottom + MARGIN, blocks, routes)


def chip_width(arrow: Arrow) -> float:
    """How wide the box is that the label of a loop's last arrow stands in."""
    return max(arrow.width, 10.0) + 2 * CHIP_PADDING


def rounded(points: Sequence[Point]) -> str:
    """The line through these corners, as SVG writes it."""
    path = "M{:.1f} {:.1f}".format(*points[0])
    for (x1, y1), (x2, y2), (x3, y3) in zip(points, points[1:], points[2:], strict=False):
        before, behind = abs(x2 - x1) + abs(y2 - y1), abs(x3 - x2) + abs(y3 - y2)
        r = min(_ROUND, before / 2, behind / 2)
        if r:
            path += f"L{x2 - (x2 - x1) / before * r:.1f} {y2 - (y2 - y1) / before * r:.1f}"
            path += f"Q{x2:.1f} {y2:.1f} {x2 + (x3 - x2) / behind * r:.1f} {y2 + (y3 - y2) / behind * r:.1f}"
    return path + "L{:.1f} {:.1f}".format(*points[-1])
