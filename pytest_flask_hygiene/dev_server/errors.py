"""What can go wrong with a server, as one clear failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..usage import MESSAGES

if TYPE_CHECKING:
    from .report import Report


class DevServerError(Exception):
    """The development server did not do what the test asked of it.

    ``output`` is what it had printed by then; ``report`` what is known of a process that ended, if one did.
    """

    def __init__(self, message: str, output: str = "", report: Report | None = None) -> None:
        super().__init__(message)
        self.output = output
        self.report = report

    def __str__(self) -> str:
        return f"{self.args[0]}\nsee: {MESSAGES}"
