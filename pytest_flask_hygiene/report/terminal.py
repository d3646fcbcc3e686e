"""The summary at the end of the run: equal sites together, most tests first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..findings import ALLOWED_BY, Finding
from ..ledger import Ledger, distinct
from ..settings import Settings
from ..usage import MESSAGES
from . import print_cost, print_no_leaks
from .decisions import (
    baseline_lines,
    count_of,
    first_run_lines,
    in_brackets,
    no_failing_leaks,
    stale_lines,
    times_found,
)
from .failure import clip, culprit, failure_repr, finding_lines, plural, relative
from .left_open import left_open_lines

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

_MAX_SITES = 20
#: More sites than these have a line each, so that they fit on a screen.
_MAX_WITH_EXAMPLES = 6
_MAX_EDGES = 8


def write_summary(reporter: TerminalReporter, ledger: Ledger, settings: Settings, start: Path) -> None:
    """``start``: the directory that paths are shown relative to."""
    verbosity = reporter.config.get_verbosity()
    lines = _groups([f for f in ledger.leaks if f.when != "session"], start, verbose=verbosity > 0)
    lines += _session_lines(ledger, start)
    others = left_open_lines(ledger.findings, start, verbose=verbosity > 0)
    others += _counts(ledger, start, verbose=verbosity > 0)
    others += first_run_lines(ledger, settings, reporter.config)
    if others or ledger.stale or (lines and settings.mode == "warn"):
        # What fails names the page of its kind where it is shown.
        others.append(f"see: {MESSAGES}")
    lines += others
    if not lines:
        print_no_leaks(reporter, ledger)
        return
    reporter.section("hygiene", sep="=", blue=True)
    reporter.write_line(first_line(ledger, settings))
    for line in lines:
        reporter.write_line(line)
    print_cost(reporter, ledger)


def first_line(ledger: Ledger, settings: Settings) -> str:
    """``hygiene: 3 leaks in 2 tests``."""
    leaks = ledger.leaks
    if not leaks:
        return no_failing_leaks(ledger)
    tests = {f.nodeid for f in leaks if f.nodeid is not None and f.when != "session"}
    outside = len([f for f in ledger.outside_tests if f.is_leak])
    each = distinct(leaks)
    text = f"hygiene: {plural(len(each), 'leak')}"
    if tests:
        text += f" in {plural(len(tests), 'test')}"
    if outside:
        text += f"{',' if tests else ''} {outside} outside tests" if tests else " outside tests"
    return text + in_brackets(times_found(each), "warn: nothing fails" if settings.mode == "warn" else "")


def session_report(finding: Finding, start: Path) -> pytest.TestReport:
    """The ``ERROR hygiene: ...`` line for what no test can be charged with."""
    name = finding.nodeid or culprit(finding, start)
    return pytest.TestReport(
        nodeid=f"hygiene: {finding.kind} leaked by {name}",
        location=(relative(finding.owner.path, start), max(finding.owner.line - 1, 0), "hygiene"),
        keywords={},
        outcome="failed",
        longrepr=failure_repr([finding], name, start),
        when="teardown",
    )


def _groups(findings: list[Finding], start: Path, *, verbose: bool) -> list[str]:
    """One row for each site: where, what, in how many tests."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        frame = finding.site.frame
        where = f"{relative(frame.path, start)}:{frame.line}" if frame else finding.owner.describe()
        groups.setdefault((where, finding.kind), []).append(finding)
    rows = []
    for (where, kind), members in groups.items():
        tests = {f.nodeid for f in members}
        code = members[0].site.frame.code if members[0].site.frame else ""
        example = members[0].nodeid or members[0].owner.describe()
        rows.append((len(tests), kind, where, code, example))
    rows.sort(key=lambda row: (-row[0], row[2], row[1]))
    lines = []
    for number, kind, where, code, example in rows[:_MAX_SITES]:
        tests_text = plural(number, "test")
        lines.append(f"{tests_text:>9}  {kind:<10}  {where}  {clip(code, 60)}".rstrip())
        if verbose or len(rows) <= _MAX_WITH_EXAMPLES:
            lines.append(f"{'':>9}  {'':<10}  {'in ' if number == 1 else 'first in '}{example}")
    if len(rows) > _MAX_SITES:
        lines.append(f"... and {plural(len(rows) - _MAX_SITES, 'more site')}")
    return lines


def _session_lines(ledger: Ledger, start: Path) -> list[str]:
    findings = [f for f in ledger.outside_tests if f.is_leak]
    if not findings and not ledger.stale:
        return []
    lines = ["outside tests:", *(f"  {line}" for line in stale_lines(ledger))]
    for finding in findings:
        if finding.nodeid is not None:
            lines.append(f"  found after {finding.nodeid} was reported:")
        lines += [f"  {line}" for line in finding_lines(finding, start)]
    return lines


def _counts(ledger: Ledger, start: Path, *, verbose: bool) -> list[str]:
    lines = []
    closed = [
        plural(count, noun)
        for count, noun in ((ledger.responses_closed, "streamed response"), (ledger.uploads_closed, "upload"))
        if count
    ]
    if closed:
        lines.append(f"closed for the tests: {', '.join(closed)}")
    for edge, count in ledger.library_edges.most_common(_MAX_EDGES if verbose else 0):
        lines.append(f"exception cycles of libraries: {count} through {edge}")
    if ledger.library_edges and not verbose:
        total = sum(ledger.library_edges.values())
        top = ledger.library_edges.most_common(1)[0][0]
        hint = ", most through {} (-v lists them)" if len(ledger.library_edges) > 1 else " through {}"
        lines.append(f"exception cycles of libraries: {total}{hint.format(top)}")
    for library, count in ledger.upstream.most_common():
        lines.append(f"known upstream leaks: {count} in {library}")
    findings = distinct(ledger.findings)
    unreported = [f for f in findings if f.outcome == "library" and not f.upstream and f.kind != "cycle"]
    of_libraries = [f for f in unreported if f.site.library]
    if of_libraries:
        names = sorted({f.site.library for f in of_libraries})
        lines.append(
            f"opened by libraries, and charged to nobody: {len(of_libraries)} ({', '.join(names[:5])})"
        )
    unseen = sum(f.count for f in unreported if not f.site.library)
    if unseen and verbose:
        lines.append(f"warnings about what was opened before the run, or out of sight: {unseen}")
    allowed = [f for f in findings if f.outcome == "allowed"]
    accepted = [f for f in allowed if f.allowed_by == ALLOWED_BY]
    lines += baseline_lines(ledger, accepted)
    allowed = [f for f in allowed if f.allowed_by != ALLOWED_BY]
    if allowed:
        lines.append(f"allowed: {count_of(allowed, 'leak')}")
        if verbose:
            lines += [f"  {f.kind} in {f.nodeid}: {f.allowed_by}" for f in allowed]
    test_cycles = [f for f in findings if f.outcome == "noted" and f.in_tests]
    if test_cycles:
        hint = "" if verbose else " (-v lists them)"
        lines.append(
            f"exception cycles made by test code: {len(test_cycles)}{hint}; --hygiene-strict fails them"
        )
        if verbose:
            lines += [f"  {line}" for f in test_cycles for line in finding_lines(f, start)]
    if ledger.stopped_early:
        tests = plural(len(ledger.stopped_early), "test")
        first = ledger.stopped_early[0]
        lines.append(f"cycle check stopped early in {tests} (more than 10,000 objects in cycles): {first}")
    lines += dict.fromkeys(ledger.others_faults)
    return lines + fault_lines(ledger.faults)


def fault_lines(faults: Iterable[str]) -> list[str]:
    texts = dict.fromkeys(faults)
    return [f"a fault of pytest-flask-hygiene itself, please report it: {text}" for text in texts]
