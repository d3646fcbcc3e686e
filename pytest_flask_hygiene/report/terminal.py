"""The summary at the end of the run: equal sites together, most tests first."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from ..findings import Finding
from ..ledger import Ledger, distinct
from ..settings import Settings
from ..usage import MESSAGES
from . import print_cost, print_no_leaks
from .counts import in_brackets, leak_counts, leaks_in_words, opened_by_libraries, times_found
from .decisions import allowed_lines, baseline_lines, first_run_lines, no_failing_leaks, stale_lines
from .failure import culprit, failure_repr, finding_lines, opened_at
from .left_open import left_open_lines
from .text import ShowNodeId, clip, node_id_from, plural, relative

_MAX_SITES: Final = 20
#: Up to so many sites have a second line each, with a test.  More than these must fit on a screen.
_MAX_WITH_EXAMPLES: Final = 6
#: How many ways through libraries ``-v`` lists.
_MAX_EDGES: Final = 8
#: How many libraries are named.
_MAX_LIBRARIES: Final = 5
_MAX_CODE: Final = 60
#: In the column of the site, on the lines below it.
_BELOW_SITE: Final = " " * 23


def write_summary(reporter: pytest.TerminalReporter, ledger: Ledger, settings: Settings, start: Path) -> None:
    """``start``: the directory that paths and node ids are shown relative to."""
    verbose = reporter.config.get_verbosity() > 0
    show = partial(node_id_from, rootpath=reporter.config.rootpath, start=start)
    in_tests = [f for f in ledger.leaks if f.when != "session"]
    leaks = _leak_lines(in_tests, start, show, verbose=verbose, advise=settings.mode == "warn")
    leaks += _session_lines(ledger, start, show)
    left_open = left_open_lines(ledger.findings, start, show, verbose=verbose)
    counted = _counted_lines(ledger, verbose=verbose)
    counted += baseline_lines(ledger)
    counted += allowed_lines(ledger, start, show, verbose=verbose)
    noted = _noted_lines(ledger, start, show, verbose=verbose)
    noted += first_run_lines(ledger, settings, reporter.config)
    lines = [*leaks, *left_open, *counted, *noted]
    if not lines:
        print_no_leaks(reporter, ledger)
        return
    # A leak that fails names the page of its kind where it is shown; what is only counted asks for nothing.
    listed_only = leaks and settings.mode == "warn"
    decisions = ledger.stale or ledger.removable or ledger.notes
    if listed_only or left_open or noted or decisions or (counted and verbose):
        lines.append(f"see: {MESSAGES}")
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
    mode = "warn: nothing fails" if settings.mode == "warn" else ""
    notes = in_brackets(times_found(distinct(leaks)), mode)
    return f"hygiene: {leaks_in_words(**leak_counts(ledger))}{notes}"


def session_report(finding: Finding, start: Path) -> pytest.TestReport:
    """For a finding that no test can be charged with: pytest prints it as ``ERROR hygiene: ...``."""
    name = finding.nodeid or culprit(finding, start)
    return pytest.TestReport(
        nodeid=f"hygiene: {finding.kind} leaked by {name}",
        # pytest counts lines from 0 here.
        location=(relative(finding.owner.path, start), max(finding.owner.line - 1, 0), "hygiene"),
        keywords={},
        outcome="failed",
        longrepr=failure_repr([finding], name, start),
        when="teardown",
    )


def _leak_lines(
    findings: list[Finding], start: Path, show: ShowNodeId, *, verbose: bool, advise: bool
) -> list[str]:
    """For each site: in how many tests, what, where.

    ``advise``: how to mend it, too, for there is no failure that says so.
    """
    sites: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        sites.setdefault((opened_at(finding, start), finding.kind), []).append(finding)
    tests = {site: len({f.nodeid for f in found}) for site, found in sites.items()}
    lines = []
    for site in sorted(sites, key=lambda site: (-tests[site], site))[:_MAX_SITES]:
        where, kind = site
        first, count = sites[site][0], tests[site]
        code = first.site.frame.code if first.site.frame else ""
        lines.append(f"{plural(count, 'test'):>9}  {kind:<10}  {where}  {clip(code, _MAX_CODE)}".rstrip())
        if verbose or len(sites) <= _MAX_WITH_EXAMPLES:
            lines.append(f"{_BELOW_SITE}{'in' if count == 1 else 'first in'} {show(first.nodeid or '')}")
        if advise:
            lines.append(f"{_BELOW_SITE}fix: {first.advice}")
    if len(sites) > _MAX_SITES:
        lines.append(f"... and {plural(len(sites) - _MAX_SITES, 'more site')}")
    return lines


def _session_lines(ledger: Ledger, start: Path, show: ShowNodeId) -> list[str]:
    """What makes the run fail although no test does."""
    findings = [f for f in ledger.outside_tests if f.is_leak]
    if not findings and not ledger.stale:
        return []
    lines = ["outside tests:", *(f"  {line}" for line in stale_lines(ledger))]
    for finding in findings:
        if finding.nodeid is not None:
            lines.append(f"  found after {show(finding.nodeid)} was reported:")
        lines += [f"  {line}" for line in finding_lines(finding, start)]
    return lines


def _counted_lines(ledger: Ledger, *, verbose: bool) -> list[str]:
    """What fails nobody, and asks nobody to do anything: it is only counted."""
    lines = []
    closed = [
        plural(count, noun)
        for count, noun in ((ledger.responses_closed, "streamed response"), (ledger.uploads_closed, "upload"))
        if count
    ]
    if closed:
        lines.append(f"closed for the tests: {', '.join(closed)}")
    lines += _library_cycle_lines(ledger, verbose=verbose)
    for library, count in ledger.upstream.most_common():
        lines.append(f"known upstream leaks: {count} in {library}")
    charged_to_nobody = opened_by_libraries(ledger)
    by_library = [f for f in charged_to_nobody if f.site.library]
    if by_library:
        names = ", ".join(sorted({f.site.library for f in by_library})[:_MAX_LIBRARIES])
        lines.append(f"opened by libraries, and charged to nobody: {len(by_library)} ({names})")
    unseen = sum(f.count for f in charged_to_nobody if not f.site.library)
    if unseen and verbose:
        lines.append(f"warnings about what was opened before the run, or out of sight: {unseen}")
    return lines


def _library_cycle_lines(ledger: Ledger, *, verbose: bool) -> list[str]:
    edges = ledger.library_edges.most_common()
    if verbose:
        return [
            f"exception cycles of libraries: {count} through {edge}" for edge, count in edges[:_MAX_EDGES]
        ]
    if not edges:
        return []
    total = sum(count for _, count in edges)
    most = edges[0][0]
    if len(edges) == 1:
        return [f"exception cycles of libraries: {total} through {most}"]
    return [f"exception cycles of libraries: {total}, most through {most} (-v lists them)"]


def _noted_lines(ledger: Ledger, start: Path, show: ShowNodeId, *, verbose: bool) -> list[str]:
    """What fails nobody, and what somebody can mend all the same."""
    lines = []
    cycles = [f for f in distinct(ledger.findings) if f.outcome == "noted" and f.in_tests and not f.is_leak]
    if cycles:
        hint = "" if verbose else " (-v lists them)"
        lines.append(f"exception cycles made by test code: {len(cycles)}{hint}; --hygiene-strict fails them")
        if verbose:
            lines += [f"  {line}" for f in cycles for line in finding_lines(f, start)]
    stopped_early = list(dict.fromkeys(ledger.stopped_early))
    if stopped_early:
        tests = plural(len(stopped_early), "test")
        example = show(stopped_early[0])
        lines.append(f"cycle check stopped early in {tests} (more than 10,000 objects in cycles): {example}")
    lines += dict.fromkeys(ledger.others_faults)
    return lines + fault_lines(ledger.faults)


def fault_lines(faults: Iterable[str]) -> list[str]:
    """Each fault of the plugin itself once."""
    texts = dict.fromkeys(faults)
    return [f"a fault of pytest-flask-hygiene itself, please report it: {text}" for text in texts]
