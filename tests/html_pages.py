"""Fixtures for tests of ``--hygiene-report=FILE.html``; files that use them name it in ``pytest_plugins``.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from parsed_pages import Element, parse

# Loaded once here, with its template, so that the runs inside this process need not load it each time.
import pytest_flask_hygiene.report.as_html
import pytest_flask_hygiene.report.chain_svg  # noqa: F401

LEAK = 'def test_leaks():\n    open("left.txt", "w")\n'
CLEAN = "def test_clean():\n    pass\n"
HTML = "--hygiene-report=out.html"


@pytest.fixture
def read(pytester: pytest.Pytester) -> Callable[..., Element]:
    def read(name: str = "out.html") -> Element:
        return parse((pytester.path / name).read_text("utf-8"))

    return read


@pytest.fixture
def page(run_suite: Callable[..., pytest.RunResult], read: Callable[..., Element]) -> Callable[..., Element]:
    """The page of a run."""

    def run(source: str, *args: str, **keywords: object) -> Element:
        run_suite(source, HTML, *args, **keywords)
        return read()

    return run


@pytest.fixture(scope="module")
def _pages_of_this_file() -> dict[str, tuple[Element, str, str]]:
    return {}


@pytest.fixture
def page_of_a_leak(
    page: Callable[..., Element],
    pytester: pytest.Pytester,
    _pages_of_this_file: dict[str, tuple[Element, str, str]],
) -> tuple[Element, str, str]:
    """The page of one leak for all tests of a file: parsed, its text, and where the project was."""
    if "leak" not in _pages_of_this_file:
        made = page(LEAK)
        text = (pytester.path / "out.html").read_text("utf-8")
        _pages_of_this_file["leak"] = made, text, str(pytester.path)
    return _pages_of_this_file["leak"]


@pytest.fixture
def leak_page(page_of_a_leak: tuple[Element, str, str]) -> Element:
    return page_of_a_leak[0]
