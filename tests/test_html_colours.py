"""The colours of the page of ``--hygiene-report=FILE.html`` are told apart, in its light and dark scheme."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_flask_hygiene.report import page_words


def _colours() -> dict[str, SimpleNamespace]:
    style = Path(page_words.__file__).with_name("page").joinpath("page.css").read_text("utf-8")
    found = re.findall(r"(--[\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style)
    return {name: SimpleNamespace(light=light, dark=dark) for name, light, dark in found}


def _luminance(colour: str) -> float:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


#: WCAG 2.2, AA: 4.5 for text, 3 for what shows where a control is.
CONTRASTS = {
    ("--ink", "--paper"): 4.5,
    ("--ink", "--card"): 4.5,
    ("--ink", "--code"): 4.5,
    ("--ink", "--hit"): 4.5,
    ("--ink", "--fix"): 4.5,
    ("--ink", "--fix-code"): 4.5,
    ("--ink", "--warn-back"): 4.5,
    ("--soft", "--paper"): 4.5,
    ("--soft", "--card"): 4.5,
    ("--soft", "--code"): 4.5,
    ("--soft", "--fix"): 4.5,
    ("--link", "--paper"): 4.5,
    ("--link", "--card"): 4.5,
    ("--bad", "--bad-back"): 4.5,
    ("--warn", "--warn-back"): 4.5,
    ("--good", "--good-back"): 4.5,
    ("--good", "--fix"): 4.5,
    ("--good", "--paper"): 4.5,
    ("--on-choice", "--choice"): 4.5,
    ("--hygiene-accent", "--hygiene-accent-paper"): 4.5,
    ("--edge", "--card"): 3,
    ("--edge", "--paper"): 3,
    ("--focus", "--paper"): 3,
    ("--focus", "--card"): 3,
    ("--hit-edge", "--code"): 3,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), CONTRASTS)
def test_colours_are_told_apart(front, back, scheme):
    colours = _colours()
    a, b = (_luminance(getattr(colours[name], scheme)) for name in (front, back))
    contrast = (max(a, b) + 0.05) / (min(a, b) + 0.05)
    assert contrast >= CONTRASTS[front, back], f"{contrast:.2f}"
