"""Small suites in, outcomes and text out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from textwrap import dedent

# Loaded once here, so that the runs inside this process need not load them each time; parts written in C
# can't be loaded twice.
import flask  # noqa: F401
import pytest
from _pytest import unraisableexception

with contextlib.suppress(ImportError):
    import flask_sqlalchemy  # noqa: F401

pytest_plugins = ["pytester"]

#: Other installed plugins would only slow the inner runs down; tests that are about them ask for them.
NO_OTHERS = ("asyncio", "randomly", "flask", "xdist", "rerunfailures", "pytest_cov", "hypothesispytest")

RunSuite = Callable[..., pytest.RunResult]


@pytest.fixture(autouse=True)
def _few_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest 8.4.0 ends each run inside this process with five collections of its heap."""
    if not hasattr(unraisableexception, "gc_collect_iterations_key"):
        monkeypatch.setattr(unraisableexception, "gc_collect_harder", lambda: None)


@pytest.fixture
def run_suite(pytester: pytest.Pytester) -> RunSuite:
    """Write files (``test_suite.py`` by default) and run pytest on them, in this process.

    ``with_plugins`` names installed plugins to leave switched on; ``subprocess=True`` uses a fresh Python.
    """

    def run(
        source: str = "",
        *args: str,
        files: dict[str, str] | None = None,
        with_plugins: tuple[str, ...] = (),
        subprocess: bool = False,
    ) -> pytest.RunResult:
        if source:
            pytester.makepyfile(test_suite=dedent(source))
        for name, text in (files or {}).items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), "utf-8")
        switched_off = [arg for name in NO_OTHERS if name not in with_plugins for arg in ("-p", f"no:{name}")]
        runner = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        return runner("-p", "no:cacheprovider", *switched_off, *args)

    return run
