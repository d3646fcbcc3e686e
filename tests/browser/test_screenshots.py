"""The pictures of the page that the documentation shows.

``UPDATE_DOCS=1 pytest tests/browser/test_screenshots.py`` takes them anew.
"""

from __future__ import annotations

import os

import pytest
from doc_examples import ROOT
from test_page import shop  # noqa: F401

IMAGES = ROOT / "docs" / "images"
MAX_BYTES = 150_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_docs_have_a_picture_of_the_page(shop, open_page, scheme):  # noqa: F811
    path = IMAGES / f"report-{scheme}.png"
    page = open_page(shop, color_scheme=scheme, viewport={"width": 1000, "height": 1100})
    if os.environ.get("UPDATE_DOCS"):
        IMAGES.mkdir(exist_ok=True)
        page.screenshot(path=path)
    assert path.stat().st_size < MAX_BYTES
    assert path.name in ROOT.joinpath("docs", "reports.md").read_text("utf-8")
