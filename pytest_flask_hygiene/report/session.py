"""The session's end: what is found then must still reach every place where a person or a tool looks."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from .. import own_modules
from ..findings import Finding
from ..ledger import Ledger
from ..settings import Settings
from . import print_summary

if TYPE_CHECKING:
    from ..decisions.stale import Stale

#: pytest asks for a summary only with these exit statuses (``summary_exit_codes`` in its terminal.py).
_WITH_SUMMARY: Final = frozenset(pytest.ExitCode) - {pytest.ExitCode.INTERNAL_ERROR}


def report_session(config: pytest.Config, ledger: Ledger, settings: Settings, exitstatus: int | None) -> None:
    """To JUnit XML, to GitHub, and to the terminal where pytest itself will print no summary.

    ``exitstatus``: what ``pytest_sessionfinish`` was called with; None if one of its hooks raised.
    """
    failed = [f for f in ledger.outside_tests if f.outcome == "failed"]
    if (failed or ledger.stale) and getattr(config.option, "xmlpath", None):
        with own_modules():
            from .junit import add_to_xml
        try:
            add_to_xml(config, failed, ledger.stale)
        except Exception as error:
            ledger.faults.add("JUnit XML", error)
    if os.environ.get("GITHUB_ACTIONS") == "true" and ledger.leaks:
        with own_modules():
            from .github import write_annotations
        try:
            write_annotations(config, ledger)
        except Exception as error:
            ledger.faults.add("GitHub annotations", error)
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus in _WITH_SUMMARY or reporter is None or reporter.no_summary:
        return
    if ledger.leaks or ledger.faults or ledger.stale or ledger.notes:
        print_summary(reporter, ledger, settings, config)


def list_errors(
    reporter: pytest.TerminalReporter, leaks: Iterable[Finding], stale: Iterable[Stale], start: Path
) -> None:
    """Have pytest count session findings and stale decisions as errors: ``ERROR hygiene: ...``.

    ``start``: the directory that paths are shown relative to.
    """
    with own_modules():
        from .decisions import stale_report
        from .terminal import session_report
    reports = [*(session_report(finding, start) for finding in leaks), *map(stale_report, stale)]
    root = reporter.config.rootpath
    if start != root and start.is_relative_to(root):
        # pytest takes the first part for a path below rootdir, and shows it as seen from here.
        for report in reports:
            report.nodeid = f"{start.relative_to(root).as_posix()}/{report.nodeid}"
    reporter.stats.setdefault("error", []).extend(reports)
