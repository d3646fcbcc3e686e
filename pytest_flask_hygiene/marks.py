"""The mark ``allow_leak``: what it accepts.  Loaded where there is such a mark."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from .findings import KINDS, Finding


@dataclass(frozen=True)
class AllowLeak:
    """One ``@pytest.mark.allow_leak``."""

    kinds: frozenset[str]
    match: re.Pattern[str] | None
    reason: str

    def covers(self, finding: Finding) -> bool:
        if self.kinds and finding.kind not in self.kinds:
            return False
        if self.match is None:
            return True
        texts = [finding.message]
        for frame in finding.site.frames:
            texts += (frame.path, frame.function)
        return any(self.match.search(text) for text in texts)


def read_mark(mark: pytest.Mark, nodeid: str) -> AllowLeak:
    """Raise :class:`pytest.UsageError` for one that can't be used."""

    def wrong(what: str) -> pytest.UsageError:
        return pytest.UsageError(f"allow_leak on {nodeid}: {what}")

    for kind in mark.args:
        if kind not in KINDS:
            raise wrong(f"unknown kind {kind!r}; the kinds are {', '.join(KINDS)}")
    unknown = set(mark.kwargs) - {"match", "reason"}
    if unknown:
        raise wrong(f"unknown argument {sorted(unknown)[0]!r}; it takes kinds, match= and reason=")
    match = mark.kwargs.get("match")
    pattern = None
    if match is not None:
        try:
            pattern = re.compile(match)
        except (re.error, TypeError) as error:
            raise wrong(f"match={match!r} is not a regular expression: {error}") from None
    reason = mark.kwargs.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise wrong(f"reason={reason!r} is not a string")
    return AllowLeak(frozenset(mark.args), pattern, reason or "")
