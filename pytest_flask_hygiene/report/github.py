"""GitHub Actions: an annotation at each line that opened what a test or the run failed for.

Where pytest-github-actions-annotate-failures is installed, failures of calls are left to it: it shows these,
and no others.  GitHub shows ten annotations of a step, so equal sites share one, and those of most tests come
first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from ..advice import what_happened
from ..findings import Finding
from ..ledger import Ledger
from .failure import culprit, place_of, see_line
from .text import plural, printable, relative

_ANNOTATES_CALLS: Final = "pytest_github_actions_annotate_failures"
_MAX_NAMES: Final = 5

#: The command, file, line and kind of an annotation.
_Place = tuple[str, str, int, str]


def write_annotations(config: pytest.Config, ledger: Ledger) -> None:
    """Print a workflow command for each place, for GitHub to read in the step's log."""
    by_place: dict[_Place, list[Finding]] = {}
    for finding in _to_show(config, ledger):
        # In mode "warn": it fails nothing.
        command = "error" if finding.outcome == "failed" else "warning"
        path, line = _place(finding, config)
        by_place.setdefault((command, path, line, finding.kind), []).append(finding)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    rows = sorted(by_place.items(), key=lambda row: (-len(_names(row[1], config)), row[0]))
    if reporter is not None and rows:
        # pytest's line of progress may not have ended, and a command must begin its line.
        reporter.write_line("")
    for place, findings in rows:
        command = _annotation(place, findings, config)
        if reporter is not None:
            reporter.write_line(command)
        else:
            sys.stdout.write(command + "\n")


def _to_show(config: pytest.Config, ledger: Ledger) -> list[Finding]:
    left_to_others = config.pluginmanager.hasplugin(_ANNOTATES_CALLS)
    of_tests = [f for findings in ledger.by_test.values() for f in findings if f.is_leak]
    outside = [f for f in ledger.outside_tests if f.is_leak]
    return [
        f
        for f in (*of_tests, *outside)
        if not (left_to_others and f.when == "call" and f.outcome == "failed")
    ]


def _place(finding: Finding, config: pytest.Config) -> tuple[str, int]:
    """The path as GitHub knows it, from the repository's root, and the line; empty where none is known."""
    path, line = place_of(finding)
    if not path:
        return "", 0
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if workspace:
        for directory, file in ((workspace, os.path.abspath(path)), map(os.path.realpath, (workspace, path))):
            if Path(file).is_relative_to(directory):
                return Path(file).relative_to(directory).as_posix(), line
    return relative(path, config.rootpath), line


def _names(findings: Sequence[Finding], config: pytest.Config) -> list[str]:
    """The tests, or who else is charged."""
    return list(dict.fromkeys(f.nodeid or culprit(f, config.rootpath) for f in findings))


def _annotation(place: _Place, findings: Sequence[Finding], config: pytest.Config) -> str:
    command, path, line, kind = place
    first, names = findings[0], _names(findings, config)
    tests = {f.nodeid for f in findings if f.nodeid is not None}
    title = f"hygiene: {kind} leaked " + (f"in {plural(len(tests), 'test')}" if tests else "outside tests")
    text = [first.message if kind == "cycle" else what_happened(first)]
    if first.owner.is_fixture or first.owner.scope == "import":
        text.append(f"by {culprit(first, config.rootpath)}")
    text += [f"in {name}" for name in names[:_MAX_NAMES]]
    if len(names) > _MAX_NAMES:
        text.append(f"and {len(names) - _MAX_NAMES} more")
    text += [f"fix: {first.advice}", see_line(first)]
    parts = [("file", path), ("line", str(line or "")), ("title", title)]
    properties = ",".join(f"{name}={_property(value)}" for name, value in parts if value)
    return f"::{command} {properties}::{_data(chr(10).join(text))}"


def _data(text: str) -> str:
    """As ``escapeData`` of GitHub's toolkit does it."""
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """As ``escapeProperty`` of GitHub's toolkit does it."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
