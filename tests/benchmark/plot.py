"""docs/cost.svg: a bar for each suite and variant, from the results."""

from __future__ import annotations

import math
from html import escape

from .aims import usage_ratios
from .results import Results
from .stats import base_of, split
from .suites import SUITES

WIDTH = 760
_LEFT, _RIGHT = 118, 140
_TOP, _ROW, _GAP, _TITLE = 44, 18, 14, 20
_TICKS = (1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
#: A bar of a run that took as long as without the plugin must still be seen.
_LEAST = 1.5

_STYLE = """
    .cost-plot { color: #1f2328; --paper: #ffffff; --ours: #0f766e; --other: #9aa3ad; }
    @media (prefers-color-scheme: dark) {
      .cost-plot { color: #e6e8ea; --paper: #16191d; --ours: #2dd4bf; --other: #6b7480; }
    }
    /* The stroke, below the letters, keeps the lines of the grid away from them. */
    .cost-plot text {
      font: 12px system-ui, sans-serif; fill: currentColor;
      stroke: var(--paper); stroke-width: 4px; paint-order: stroke;
    }
    .cost-plot .title { font-weight: 600; }
    .cost-plot .tick { opacity: 0.75; text-anchor: middle; }
    .cost-plot .name { text-anchor: end; }
    .cost-plot .paper { fill: var(--paper); }
    .cost-plot .grid { stroke: currentColor; opacity: 0.15; }
    .cost-plot .one { stroke: currentColor; opacity: 0.6; }
    .cost-plot .quartiles { stroke: currentColor; stroke-width: 1.5; }
    .cost-plot .ours { fill: var(--ours); }
    .cost-plot .other { fill: var(--other); }
"""


def plot(results: Results) -> str:
    suites = {name: _bars(results, name) for name in results.suites}
    most = max((high for bars in suites.values() for *_, high in bars), default=2.0)
    # The axis ends at a tick, and begins a little below 1, for what is faster than without the plugin.
    end = next((tick for tick in _TICKS[3:] if tick >= most), most)
    least = min((low for bars in suites.values() for _, _, _, low, _ in bars), default=1.0)
    begin = min(0.95, least * 0.98)

    def x(ratio: float) -> float:
        share = (math.log(max(ratio, begin)) - math.log(begin)) / (math.log(end) - math.log(begin))
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    parts, y = [], _TOP + 0.0
    for name, bars in suites.items():
        parts.append(f'<text class="title" x="12" y="{y + 14:.0f}">{escape(SUITES[name].title)}</text>')
        y += _TITLE
        for label, note, median, low, high in bars:
            middle = y + _ROW / 2
            left, right = sorted((x(1.0), x(median)))
            width = max(right - left, _LEAST)
            kind = "ours" if label in ("hygiene", "strict") else "other"
            after = max(x(high), right + _LEAST, x(1.0)) + 8
            parts += [
                f'<text class="name" x="{_LEFT - 10}" y="{middle + 4:.1f}">{label}</text>',
                f'<rect class="{kind}" x="{left:.1f}" y="{y + 3:.1f}" width="{width:.1f}" height="12"/>',
                f'<path class="quartiles" d="M{x(low):.1f} {middle:.1f}H{x(high):.1f}"/>',
                f'<text x="{after:.1f}" y="{middle + 4:.1f}">{median:.2f}x{escape(note)}</text>',
            ]
            y += _ROW
        y += _GAP
    bottom = y - _GAP + 6
    axis = []
    room = -math.inf
    for tick in _TICKS:
        if tick > end or (x(tick) < room and tick != 1.0):
            continue
        room = x(tick) + 34
        axis += [
            f'<path class="{"one" if tick == 1.0 else "grid"}" d="M{x(tick):.1f} {_TOP - 4}V{bottom:.0f}"/>',
            f'<text class="tick" x="{x(tick):.1f}" y="{bottom + 16:.0f}">{tick:g}x</text>',
        ]
    height = f"{bottom + 28:.0f}"
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    heading = "User CPU against the run without a plugin (logarithmic; line: quartiles of the rounds)"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="cost-plot" role="img" {size}>',
            "<title>User CPU of whole test suites, against the run without a plugin</title>",
            f"<style>{_STYLE}</style>",
            '<rect class="paper" width="100%" height="100%"/>',
            f'<text class="title" x="12" y="22">{heading}</text>',
            *axis,
            *parts,
            "</svg>\n",
        ]
    )


def _bars(results: Results, name: str) -> list[tuple[str, str, float, float, float]]:
    """Label, note, median and quartiles."""
    comparison = results.suites[name]
    bars = []
    for key in comparison.outcomes:
        if key == base_of(key):
            continue
        variant, tests = split(key)
        user = usage_ratios(comparison, key, "user")
        note = f" ({tests:,} tests)" if tests else ""
        bars.append((variant, note, user.median, user.low, user.high))
    return bars
