"""The mark ``allow_leak`` and ``hygiene.allow()``: what they accept.  Loaded where there is one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

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
    try:
        unknown = set(mark.kwargs) - {"match", "reason"}
        if unknown:
            raise TypeError(f"unknown argument {sorted(unknown)[0]!r}; it takes kinds, match= and reason=")
        return make_allow(mark.args, mark.kwargs.get("match"), mark.kwargs.get("reason"))
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"allow_leak on {nodeid}: {error}") from None


def make_allow(kinds: Sequence[object], match: object, reason: object) -> AllowLeak:
    """Raise :class:`TypeError` or :class:`ValueError` for what can't be used."""
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; the kinds are {', '.join(KINDS)}")
    pattern = None
    if match is not None:
        try:
            pattern = re.compile(cast("str", match))
        except (re.error, TypeError) as error:
            wrong = f"match={match!r} is not a regular expression: {error}"
            raise (ValueError if isinstance(error, re.error) else TypeError)(wrong) from None
    if reason is not None and not isinstance(reason, str):
        raise TypeError(f"reason={reason!r} is not a string")
    return AllowLeak(frozenset(cast("Sequence[str]", kinds)), pattern, reason or "")
