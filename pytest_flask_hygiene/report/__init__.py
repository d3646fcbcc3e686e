"""What the user reads.  Each module is loaded when there is something for it to tell: mostly there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .. import own_modules

if TYPE_CHECKING:
    import pytest

    from ..ledger import Ledger
    from ..settings import Settings

NO_LEAKS: Final = "hygiene: no leaks"


def print_summary(
    reporter: pytest.TerminalReporter, ledger: Ledger, settings: Settings, config: pytest.Config
) -> None:
    """The section "hygiene" at the end of the run; a line where nothing was found.  Never raises."""
    try:
        if ledger.is_empty:
            print_no_leaks(reporter, ledger)
        else:
            with own_modules():
                from .terminal import write_summary
            write_summary(reporter, ledger, settings, config.invocation_params.dir)
    except Exception as error:
        print_fault(reporter, error)


def print_fault(reporter: pytest.TerminalReporter, error: Exception) -> None:
    """A fault of ours that was met while printing: too late to be listed with the others in the summary."""
    with own_modules():
        from ..usage import MESSAGES
    reporter.write_line(
        f"a fault of pytest-flask-hygiene itself, please report it: {type(error).__name__}: {error}"
    )
    reporter.write_line(f"see: {MESSAGES}")


def print_no_leaks(reporter: pytest.TerminalReporter, ledger: Ledger) -> None:
    """Two lines, but none with ``-q``, or where pytest was asked for other things than tests."""
    if not reporter.stats.keys() - {"deselected", "warnings"}:
        return
    if reporter.config.get_verbosity() >= 0:
        reporter.write_line(NO_LEAKS)
    print_cost(reporter, ledger)


def print_cost(reporter: pytest.TerminalReporter, ledger: Ledger) -> None:
    """What the checks took; with ``-q`` only if that was much."""
    if reporter.config.get_verbosity() >= 0 or ledger.cost.is_high:
        reporter.write_line(ledger.cost.line())
