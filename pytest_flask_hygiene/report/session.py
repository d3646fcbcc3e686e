"""The session's end: what turns up then must still reach every place where a person or a tool looks."""

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
    from _pytest.terminal import TerminalReporter

    from ..stale import Stale

#: With any other exit status, and if a hook raises, pytest asks nobody for a summary.
_WITH_SUMMARY: Final = frozenset(pytest.ExitCode) - {pytest.ExitCode.INTERNAL_ERROR}


def report_session(config: pytest.Config, ledger: Ledger, settings: Settings, exitstatus: int | None) -> None:
    """``exitstatus``: what pytest's hooks were told; None if one of them raised."""
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
    reporter: TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus in _WITH_SUMMARY or reporter is None or reporter.no_summary:
        return
    if ledger.leaks or ledger.faults or ledger.stale or ledger.notes:
        print_summary(reporter, ledger, settings, config)


def list_errors(
    reporter: TerminalReporter, leaks: Iterable[Finding], stale: Iterable[Stale], start: Path
) -> None:
    """As ``ERROR hygiene: ...`` in the short test summary; ``start``: where paths are relative to."""
    with own_modules():
        from .decisions import stale_report
        from .terminal import session_report
    errors = reporter.stats.setdefault("error", [])
    errors.extend(session_report(finding, start) for finding in leaks)
    errors.extend(map(stale_report, stale))
