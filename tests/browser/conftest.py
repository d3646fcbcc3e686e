"""A real browser for the pages.

``tox -e browser`` runs these tests; plain ``pytest`` leaves this directory out (see ``norecursedirs`` in
pyproject.toml).  They need the Python package playwright and a Chromium of the system's: Playwright's own
download is not used.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _missing(what: str) -> None:
    """A developer need not have a browser; CI must."""
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("the package playwright is not installed: tox -e browser installs it")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        _missing(f"no browser is installed: looked for {', '.join(BROWSERS)}")
    # Chromium refuses its sandbox to root, and /dev/shm is small in a container.
    options = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


OpenPage = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open a file; what the browser complains of, and what it asks the network for, fails the test."""
    contexts = []
    problems: list[str] = []

    def open_page(path: Path, hash: str = "", **options: Any) -> Page:  # noqa: A002
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        url = path.as_uri()
        page.on("console", lambda message: problems.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: (
                None if request.url.partition("#")[0] == url else problems.append(f"asked for {request.url}")
            ),
        )
        page.goto(f"{url}#{hash}" if hash else url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []
