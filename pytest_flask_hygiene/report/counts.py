"""How many leaks there are, and of whom: the figures that the summary, the JSON report and the page share.

What one test or one fixture opens at one line is one leak, however many resources that are, and however many
workers of pytest-xdist found it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..findings import ALLOWED_BY, Finding
from ..ledger import Ledger, distinct
from .text import plural


def leak_counts(ledger: Ledger) -> dict[str, int]:
    """``leaks``, the ``tests`` that have some, and how many leaks are ``outside_tests``."""
    leaks = ledger.leaks
    return {
        "leaks": len(distinct(leaks)),
        "tests": len({f.nodeid for f in leaks if f.nodeid is not None and f.when != "session"}),
        "outside_tests": len([f for f in ledger.outside_tests if f.is_leak]),
    }


def leaks_in_words(leaks: int, tests: int, outside_tests: int) -> str:
    """``3 leaks in 2 tests, 1 outside tests``."""
    text = plural(leaks, "leak")
    if tests and outside_tests:
        return f"{text} in {plural(tests, 'test')}, {outside_tests} outside tests"
    if tests:
        return f"{text} in {plural(tests, 'test')}"
    return f"{text} outside tests"


def opened_by_libraries(ledger: Ledger) -> list[Finding]:
    """What is charged to nobody, for no line of the reader's opened it; without known bugs of libraries.

    ``finding.site.library`` is empty where the opening itself was not seen.
    """
    return [
        f
        for f in distinct(ledger.findings)
        if f.outcome == "library" and not f.upstream and f.kind != "cycle"
    ]


def accepted_by_baseline(ledger: Ledger) -> list[Finding]:
    """The known leaks that were found again."""
    return [f for f in distinct(ledger.findings) if f.outcome == "allowed" and f.allowed_by == ALLOWED_BY]


def count_of(findings: Sequence[Finding], noun: str) -> str:
    """``2 leaks (found 5 times)``."""
    return f"{plural(len(findings), noun)}{in_brackets(times_found(findings))}"


def times_found(findings: Sequence[Finding]) -> str:
    """How many resources the findings are, where that is another number than theirs."""
    times = sum(finding.count for finding in findings)
    return f"found {times} times" if times > len(findings) else ""


def in_brackets(*notes: str) -> str:
    """`` (one; two)``, without those that are empty; nothing at all if all are."""
    text = "; ".join(note for note in notes if note)
    return f" ({text})" if text else ""
