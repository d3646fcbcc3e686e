"""What the user reads.  Its parts are loaded when there is something to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .. import own_modules

if TYPE_CHECKING:
    import pytest
    from _pytest.terminal import TerminalReporter

    from ..ledger import Ledger
    from ..settings import Settings

NO_LEAKS: Final = "hygiene: no leaks"


def print_summary(
    reporter: TerminalReporter, ledger: Ledger, settings: Settings, config: pytest.Config
) -> None:
    """Never raises."""
    try:
        if ledger.is_empty:
            print_no_leaks(reporter, ledger)
        else:
            with own_modules():
                from .terminal import write_summary
            write_summary(reporter, ledger, settings, config.invocation_params.dir)
    except Exception as error:
        reporter.write_line(
            f"a fault of pytest-flask-hygiene itself, please report it: {type(error).__name__}: {error}"
        )
        with own_modules():
            from ..usage import MESSAGES
        reporter.write_line(f"see: {MESSAGES}")


def print_no_leaks(reporter: TerminalReporter, ledger: Ledger) -> None:
    """Worth two lines, but not where pytest was asked to be quiet, or for other things than tests."""
    if not reporter.stats.keys() - {"deselected", "warnings"}:
        return
    if reporter.config.get_verbosity() >= 0:
        reporter.write_line(NO_LEAKS)
    print_cost(reporter, ledger)


def print_cost(reporter: TerminalReporter, ledger: Ledger) -> None:
    if reporter.config.get_verbosity() >= 0 or ledger.cost.is_high:
        reporter.write_line(ledger.cost.line())
