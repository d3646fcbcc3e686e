"""A chain as a picture: one ``<svg>`` element that needs nothing else, for a page or for a file of its own.

How boxes and arrows look is decided here; where they stand, in ``chain_layout.py`` or ``chain_dot.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

from .. import own_modules
from ..heap.chains import Chain
from .chain_layout import CHIP_HEIGHT, CHIP_PADDING, Picture, Route, chip_width, lay_out, rounded
from .chain_shape import BADGE, LINES, PADDING, Block, Shape, shape_of

_LIGHT: Final = {
    "ink": "#1f2328",
    "muted": "#59636e",
    "paper": "#ffffff",
    "line": "#8c959f",
    "accent": "#b34800",
    "accent-paper": "#fff4ea",
}
_DARK: Final = {
    "ink": "#e6edf3",
    "muted": "#9da7b3",
    "paper": "#161b22",
    "line": "#6e7681",
    "accent": "#f0944d",
    "accent-paper": "#2b1c10",
}


def _colour(name: str) -> str:
    return f"var(--hygiene-{name},{_LIGHT[name]})"


#: The style of the pictures: in each of them, or once in a page.
#:
#: A page may set the colours ``--hygiene-ink``, ``-muted``, ``-paper``, ``-line``, ``-accent`` and
#: ``-accent-paper``.  Where it does not, its pictures are light.  A picture that is a file of its own
#: (``:root``) follows the reader's choice of light or dark.
CHAIN_STYLE: Final = (
    ".hygiene-chain{max-width:100%;height:auto;direction:ltr;"
    "font:13px ui-sans-serif,system-ui,-apple-system,'Segoe UI',sans-serif}"
    f".hygiene-chain text{{fill:{_colour('ink')};white-space:pre}}"
    ".hygiene-chain .hc-text,.hygiene-chain .hc-label{"
    "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
    ".hygiene-chain .hc-label,.hygiene-chain .hc-row,.hygiene-chain .hc-sub{font-size:12px}"
    f".hygiene-chain .hc-sub,.hygiene-chain .hc-label{{fill:{_colour('muted')}}}"
    f".hygiene-chain .hc-box{{fill:{_colour('paper')};stroke:{_colour('line')}}}"
    ".hygiene-chain .hc-fold{stroke-dasharray:4 4}"
    f".hygiene-chain .hc-edge{{fill:none;stroke:{_colour('line')};stroke-width:1.5}}"
    f".hygiene-chain .hc-tip{{fill:{_colour('line')}}}"
    ".hygiene-chain .hc-mend,.hygiene-chain .hc-chip{"
    f"fill:{_colour('accent-paper')};stroke:{_colour('accent')}}}"
    ".hygiene-chain .hc-mend,.hygiene-chain .hc-edge.hc-hot{stroke-width:2.5}"
    ".hygiene-chain .hc-chip{stroke-width:1.5}"
    f".hygiene-chain .hc-edge.hc-hot{{stroke:{_colour('accent')}}}"
    f".hygiene-chain .hc-tip.hc-hot,.hygiene-chain .hc-badge{{fill:{_colour('accent')}}}"
    f".hygiene-chain .hc-label.hc-hot{{fill:{_colour('accent')};font-weight:600}}"
    f".hygiene-chain .hc-badge-text{{fill:{_colour('paper')};font-size:11px;font-weight:600;"
    "text-anchor:middle}"
    "@media(prefers-color-scheme:dark){.hygiene-chain:root{background:#0d1117;"
    + "".join(f"--hygiene-{name}:{value};" for name, value in _DARK.items())
    + "}}"
)

_BADGE_WIDTH: Final = 82.0
_TIP: Final = 9.0
#: How far an arrow's tip stays away from a box: half of the thickest border.
_TOUCH: Final = 1.0


def chain_svg(chain: Chain, start: Path, *, dot: bool = True, style: bool = True) -> str:
    """The picture of one chain.  For more than one use ``chain_svgs``.

    ``start``: the directory that paths are shown relative to.  ``dot``: Graphviz places the boxes, if it is
    installed.  ``style``: False for a page that has ``CHAIN_STYLE`` itself.  Raises ValueError if the chain
    has no nodes.
    """
    return chain_svgs([chain], start, dot=dot, style=style)[0]


def chain_svgs(chains: Iterable[Chain], start: Path, *, dot: bool = True, style: bool = True) -> list[str]:
    """The pictures of many chains, in their order.

    Equal ones are drawn once, and Graphviz is started once.  If it is too slow for any of them, all boxes
    stand as if it were not installed: a few pixels from where it would have put them.
    """
    wanted = list(chains)
    shapes = {chain: shape_of(chain, start) for chain in dict.fromkeys(wanted)}
    to_place = {shape.key: shape for shape in shapes.values()}
    pictures = _by_graphviz(to_place) if dot else None
    if pictures is None:
        pictures = {key: lay_out(shape) for key, shape in to_place.items()}
    drawn = {chain: _draw(shape, pictures[shape.key], style) for chain, shape in shapes.items()}
    return [drawn[chain] for chain in wanted]


def _by_graphviz(to_place: dict[tuple[object, ...], Shape]) -> dict[tuple[object, ...], Picture] | None:
    with own_modules():
        from .chain_dot import place_all
    pictures = place_all(list(to_place.values()))
    return None if pictures is None else dict(zip(to_place, pictures, strict=True))


def _draw(shape: Shape, picture: Picture, style: bool) -> str:
    width, height = round(picture.width), round(picture.height)
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="hygiene-chain" role="img" {size}>',
        f"<title>{escape(shape.title)}</title><desc>{escape(shape.description)}</desc>",
    ]
    if style:
        parts.append(f"<style>{CHAIN_STYLE}</style>")
    for number, route in enumerate(picture.routes):
        parts.append(_arrow(shape, number, route))
    for block, corner in zip(shape.blocks, picture.blocks, strict=True):
        parts.append(_box(block, shape.width, *corner))
    return "".join([*parts, "</svg>"])


def _arrow(shape: Shape, number: int, route: Route) -> str:
    arrow = shape.arrows[number]
    hot = " hc-hot" if arrow.hot else ""
    (x, y) = route.points[-1]
    half = _TIP / 2
    if route.points[-2][0] == x:  # downwards
        y -= _TOUCH
        end, tip = (
            (x, y - half),
            f"{x:.1f},{y:.1f} {x - half:.1f},{y - _TIP:.1f} {x + half:.1f},{y - _TIP:.1f}",
        )
    else:  # to the left
        x += _TOUCH
        end, tip = (
            (x + half, y),
            f"{x:.1f},{y:.1f} {x + _TIP:.1f},{y - half:.1f} {x + _TIP:.1f},{y + half:.1f}",
        )
    path = rounded([*route.points[:-1], end])
    text = f'<path class="hc-edge{hot}" d="{path}"/><polygon class="hc-tip{hot}" points="{tip}"/>'
    if arrow.again:
        return text
    x, y = route.label
    if number == len(shape.blocks) - 1:  # it closes the loop
        text += _rect("hc-chip", x - CHIP_PADDING, y - CHIP_HEIGHT / 2, chip_width(arrow), CHIP_HEIGHT)
    return text + _text(f"hc-label{hot}", x, y + 4, arrow.label, arrow.full)


def _box(block: Block, width: float, x: float, y: float) -> str:
    names = "hc-box" + (" hc-mend" if block.mend else "") + (" hc-fold" if block.fold else "")
    text = _rect(names, x, y, width, block.height, 8)
    if block.mend:
        left = x + width - _BADGE_WIDTH - 10
        text += _rect("hc-badge", left, y - 9, _BADGE_WIDTH, 18)
        text += _text("hc-badge-text", left + _BADGE_WIDTH / 2, y + 4, BADGE)
    below = y + (block.height - sum(LINES[line.kind][0] for line in block.lines)) / 2
    for line in block.lines:
        high, size = LINES[line.kind]
        # Capitals are less than three quarters as high as a letter's size.
        text += _text(f"hc-{line.kind}", x + PADDING, below + high / 2 + size * 0.36, line.text, line.full)
        below += high
    return text


def _rect(names: str, x: float, y: float, width: float, height: float, radius: float = 0) -> str:
    """Without a radius: its ends are half circles."""
    return (
        f'<rect class="{names}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' rx="{radius or height / 2:g}"/>'
    )


def _text(names: str, x: float, y: float, text: str, full: str = "") -> str:
    hint = f"<title>{escape(full)}</title>" if full else ""
    return f'<text class="{names}" x="{x:.1f}" y="{y:.1f}">{hint}{escape(text)}</text>'
