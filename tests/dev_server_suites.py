"""Applications for ``dev_server``, and what the report of a reload says of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

#: A request to ``/`` runs the function ``view`` of the module.
TAIL = """
from flask import Flask

def create_app():
    app = Flask(__name__)
    app.add_url_rule("/", view_func=globals().get("view", lambda: "hi"))
    return app
"""

#: One application of many modules: a request to ``/name`` runs the function ``view`` of the module ``name``.
MANY = """
from importlib import import_module
from flask import Flask

MODULES = [import_module(name) for name in {names}]

def create_app():
    app = Flask(__name__)
    for module in MODULES:
        getattr(module, "init", lambda app: None)(app)
        app.add_url_rule(f"/{{module.__name__}}", module.__name__, getattr(module, "view", lambda: "hi"))
    return app
"""

REPORT = """
import pathlib

def test_it(dev_server):
    server = dev_server("shop", wait_for_threads=1.0)
    for url in URLS:
        assert server.get(url).status_code == 200
    report = server.reload()

    def where(finding):
        frame = finding.site.frame
        return f"{pathlib.Path(frame.path).stem} {frame.line}"

    print()
    for finding in report.findings:
        print("found", where(finding), finding.kind, finding.state, finding.count)
        print("said", where(finding), finding.happened, finding.message, finding.advice)
    for finding in report.noted:
        print("noted", where(finding), finding.kind, finding.state, finding.count)
    for finding in report.in_parent:
        print("parent", where(finding), finding.kind, finding.state, finding.count)
    for note in report.notes:
        print("note", note)
"""


class Told:
    """What the report of a reload says of one module of the application.

    ``found``, ``noted`` and ``in_parent`` hold ``(kind, state, count, line)``; ``said`` is the text of what
    was found; ``notes`` are those of the whole report.
    """

    def __init__(self, lines: list[str], module: str = "shop") -> None:
        self._lines = lines
        self._module = module
        self.found = self._read("found")
        self.noted = self._read("noted")
        self.in_parent = self._read("parent")
        self.notes = [line.removeprefix("note ") for line in lines if line.startswith("note ")]
        self.said = "\n".join(line for line in lines if line.startswith(f"said {module} "))

    def of(self, module: str) -> Told:
        return Told(self._lines, module)

    def _read(self, head: str) -> list[tuple[str, str, int, int]]:
        rows = [line.split() for line in self._lines if line.startswith(f"{head} {self._module} ")]
        return [(kind, state, int(count), int(line)) for _, _, line, kind, state, count in rows]


def _report(run_suite: Callable[..., pytest.RunResult], urls: list[str], *args: str) -> Told:
    result = run_suite(REPORT.replace("URLS", repr(urls)), "-s", *args)
    result.assert_outcomes(passed=1)
    return Told(result.outlines)


def reload_of(
    run_suite: Callable[..., pytest.RunResult], directory: Path, source: str, *args: str, requests: int = 2
) -> Told:
    """Reload an application of one module, ``shop``, after this many requests to it."""
    (directory / "shop.py").write_text(dedent(source).lstrip() + TAIL, "utf-8")
    return _report(run_suite, ["/"] * requests, *args)


def reload_of_many(
    run_suite: Callable[..., pytest.RunResult],
    directory: Path,
    sources: dict[str, str],
    *args: str,
    libraries: dict[str, str] | None = None,
) -> Told:
    """Reload an application of these modules, after two requests to each that has a ``view``.

    ``libraries`` are modules that count as installed.
    """
    for name, source in sources.items():
        (directory / f"{name}.py").write_text(dedent(source).lstrip(), "utf-8")
    (directory / "site-packages").mkdir()
    for name, source in (libraries or {}).items():
        (directory / "site-packages" / f"{name}.py").write_text(dedent(source).lstrip(), "utf-8")
    (directory / "shop.py").write_text(MANY.format(names=list(sources)), "utf-8")
    urls = [f"/{name}" for name, source in sources.items() if "view" in source] * 2
    return _report(run_suite, urls, "-o", "pythonpath=site-packages", *args)
