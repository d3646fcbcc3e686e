"""Small suites in, outcomes and text out."""

from __future__ import annotations

import contextlib
import gc
import importlib.metadata
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

# Loaded once here, so that the runs inside this process need not load them each time (pytester takes out of
# sys.modules what they have imported); parts written in C can't be loaded twice.
import collections_of_inner_runs
import flask  # noqa: F401
import pytest
from _pytest import unraisableexception

import pytest_flask_hygiene.evidence
import pytest_flask_hygiene.heap.holders
import pytest_flask_hygiene.heap.readers_roots
import pytest_flask_hygiene.report.failure
import pytest_flask_hygiene.report.outcome
import pytest_flask_hygiene.report.terminal  # noqa: F401

with contextlib.suppress(ImportError):
    import flask_sqlalchemy  # noqa: F401

pytest_plugins = ["pytester"]
pytest.register_assert_rewrite("doc_examples")

#: Other installed plugins would only slow the inner runs down; tests that are about them ask for them.
NO_OTHERS = (
    "asyncio",
    "randomly",
    "flask",
    "xdist",
    "rerunfailures",
    "pytest_cov",
    "hypothesispytest",
    "html",
    "html_fixtures",
    "metadata",
    "pytest_github_actions_annotate_failures",
    # These come with what the tests need, and load much (trio, psutil).
    "anyio",
    "xprocess",
    "timeout",
)

#: What pytest-html does not work without.
NEEDED_BY = {"html": ("html_fixtures", "metadata")}

RunSuite = Callable[..., pytest.RunResult]


class ReadOnce:
    """An installed distribution, each of whose attributes is read from the disk once."""

    def __init__(self, distribution: importlib.metadata.Distribution) -> None:
        self._distribution = distribution

    def __getattr__(self, name: str) -> object:
        value = getattr(self._distribution, name)
        setattr(self, name, value)
        return value


@pytest.fixture(scope="session", autouse=True)
def _plugins_are_looked_for_once() -> Iterator[None]:
    """Otherwise a quarter of the time of a run inside this process: pytest reads what is installed, twice."""
    find = importlib.metadata.distributions
    known: dict[tuple[str, ...], list[ReadOnce]] = {}

    def distributions(**context: object) -> object:
        if context:
            return find(**context)
        path = tuple(sys.path)
        if path not in known:
            known[path] = [ReadOnce(distribution) for distribution in find()]
        return known[path]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.metadata, "distributions", distributions)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--automatic-collections",
        choices=sorted(collections_of_inner_runs.SETTINGS),
        help="how often Python's garbage collector runs by itself in the suites that the tests run: as often"
        " as it can (gc.set_threshold(1), several times slower) or never (gc.disable())",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "once_a_python: takes long; tox runs it in one environment of each Python",
    )
    config.addinivalue_line(
        "markers",
        "own_gc_settings(why): not under --automatic-collections; the test is about other settings of gc",
    )


@pytest.fixture(autouse=True)
def _automatic_collections(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    frequency = request.config.getoption("automatic_collections")
    if frequency is None or request.node.get_closest_marker("own_gc_settings"):
        yield
        return
    plugin = collections_of_inner_runs
    monkeypatch.setenv(plugin.VARIABLE, frequency)
    # Both reach runs in other processes, and those that a test starts without run_suite, too.
    monkeypatch.setenv("PYTEST_PLUGINS", plugin.__name__)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)
    enabled, thresholds = gc.isenabled(), gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    if enabled:
        gc.enable()


@pytest.fixture(autouse=True)
def _few_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest 8.4.0 ends each run inside this process with five collections of its heap."""
    if not hasattr(unraisableexception, "gc_collect_iterations_key"):
        monkeypatch.setattr(unraisableexception, "gc_collect_harder", lambda: None)


@pytest.fixture(autouse=True)
def _not_on_github(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the plugin prints more."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


@pytest.fixture(autouse=True)
def _lines_are_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere pytest cuts the lines of its short summary to the width of the terminal."""
    monkeypatch.setenv("CI", "true")


@pytest.fixture
def run_suite(pytester: pytest.Pytester) -> RunSuite:
    """Write files (``test_suite.py`` by default) and run pytest on them, in this process.

    ``with_plugins`` names installed plugins to leave switched on; ``subprocess=True`` uses a fresh Python,
    ``cache=True`` keeps pytest's cache for the next run.
    """

    def run(
        source: str = "",
        *args: str,
        files: dict[str, str] | None = None,
        with_plugins: tuple[str, ...] = (),
        subprocess: bool = False,
        cache: bool = False,
    ) -> pytest.RunResult:
        if source:
            pytester.makepyfile(test_suite=dedent(source))
        for name, text in (files or {}).items():
            path = pytester.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), "utf-8")
        wanted = {needed for name in with_plugins for needed in (name, *NEEDED_BY.get(name, ()))}
        switched_off = [arg for name in NO_OTHERS if name not in wanted for arg in ("-p", f"no:{name}")]
        runner = pytester.runpytest_subprocess if subprocess else pytester.runpytest_inprocess
        if not cache:
            switched_off += ["-p", "no:cacheprovider"]
        return runner(*switched_off, *args)

    return run
