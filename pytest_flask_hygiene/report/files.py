"""The files that ``--hygiene-report`` asks for: checked before the tests run, written when they have ended.

Loaded only where there are such files.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from .. import own_modules
from ..usage import MESSAGES, usage_error
from .text import printable, relative

if TYPE_CHECKING:
    from ..ledger import Ledger

#: Makes the text of a file.
Writer = Callable[["Ledger", pytest.Config], str]


def _json(ledger: Ledger, config: pytest.Config) -> str:
    with own_modules():
        from .as_json import as_json
    return as_json(ledger, config)


def _html(ledger: Ledger, config: pytest.Config) -> str:
    with own_modules():
        from .as_html import as_html
    return as_html(ledger, config)


#: By the file's ending.
WRITERS: Final[dict[str, Writer]] = {".json": _json, ".html": _html}


class ReportFiles:
    """A plugin of its own, in the process that prints the summary.

    Raises :class:`pytest.UsageError` for a file that can't be written as things are.
    """

    def __init__(self, config: pytest.Config, paths: Sequence[str]) -> None:
        self._config = config
        option = (
            "--hygiene-report" if config.option.hygiene_report is not None else "hygiene_report (ini file)"
        )
        for path in paths:
            problem = _problem(Path(path))
            if problem:
                raise usage_error(f"{option}: {self._shown(path)}: {problem}")
        self._paths = paths
        self._written: list[str] = []
        self._problems: list[str] = []

    def _shown(self, path: str) -> str:
        return printable(relative(path, self._config.invocation_params.dir))

    def write(self, session: pytest.Session, ledger: Ledger) -> None:
        """Never raises: what can't be written is told at the end, and fails a run that would have passed."""
        for path in self._paths:
            shown = self._shown(path)
            try:
                _replace(path, WRITERS[Path(path).suffix.lower()](ledger, self._config))
            except Exception as error:
                # Not its representation: a UnicodeError's has the whole page.
                why = f"{type(error).__name__}: {error}"
                if isinstance(error, OSError) and error.strerror:
                    why = error.strerror
                if not isinstance(error, OSError):
                    ledger.faults.add("report", error)
                problem = f"hygiene: the report {shown} could not be written: {printable(why)}"
                self._problems.append(f"{problem} (see {MESSAGES})")
            else:
                self._written.append(f"hygiene: report written to {shown}")
        if self._problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    # After the summary.
    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        if config.get_verbosity() >= 0:
            for line in self._written:
                terminalreporter.write_line(line)
        self._tell(terminalreporter)

    # Where nobody asked for a summary.
    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        self._tell(config.pluginmanager.get_plugin("terminalreporter"))

    def _tell(self, reporter: pytest.TerminalReporter | None) -> None:
        while self._problems:
            line = self._problems.pop(0)
            if reporter is not None:
                reporter.write_line(line, red=True)
            else:
                sys.stderr.write(line + "\n")


def _problem(path: Path) -> str:
    """Why a file can't be written; empty if it seems that it can."""
    endings = " or ".join(WRITERS)
    if path.is_dir():
        return f"is a directory, not a file that ends in {endings}"
    if path.suffix.lower() not in WRITERS:
        return f"must end in {endings}"
    if not path.parent.is_dir():
        return f"there is no directory {printable(str(path.parent))}"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"the directory {printable(str(path.parent))} is not writable"
    return ""


def _replace(path: str, text: str) -> None:
    """Write all of it or nothing."""
    # Of a symbolic link, its target is meant.
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, "utf-8", newline="\n")
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
