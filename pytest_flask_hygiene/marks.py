"""What the user accepts: the mark ``allow_leak``, ``hygiene.allow()`` and the lines of ``hygiene_allow``.

Loaded where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import pytest

from .findings import KINDS, Finding
from .usage import usage_error


@dataclass(frozen=True)
class AllowLeak:
    """One ``@pytest.mark.allow_leak``, or one line of ``hygiene_allow``."""

    kinds: frozenset[str]
    match: re.Pattern[str] | None
    reason: str
    key: object = None
    """Equal for the same mark on several tests: its ``id()``; a line's text."""
    allowed_by: str = "allow_leak"
    """Shown where there is no reason."""

    def covers(self, finding: Finding, path_of: Callable[[str], str]) -> bool:
        """``path_of`` makes a path relative to rootdir: the rest is no business of the suite's."""
        if self.kinds and finding.kind not in self.kinds:
            return False
        if self.match is None:
            return True
        texts = [finding.message]
        for frame in finding.site.frames:
            texts += (path_of(frame.path), frame.function)
        return any(self.match.search(text) for text in texts)


def read_mark(mark: pytest.Mark, nodeid: str) -> AllowLeak:
    """Raise :class:`pytest.UsageError` for one that can't be used."""
    try:
        unknown = set(mark.kwargs) - {"match", "reason"}
        if unknown:
            raise TypeError(f"unknown argument {sorted(unknown)[0]!r}; it takes kinds, match= and reason=")
        return make_allow(mark.args, mark.kwargs.get("match"), mark.kwargs.get("reason"), id(mark))
    except (TypeError, ValueError) as error:
        raise usage_error(f"allow_leak on {nodeid}: {error}") from None


def make_allow(kinds: Sequence[object], match: object, reason: object, key: object = None) -> AllowLeak:
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
    return AllowLeak(frozenset(cast("Sequence[str]", kinds)), pattern, reason or "", key)


def read_line(line: str) -> AllowLeak:
    """``kind[:regex]  # reason``; raise :class:`pytest.UsageError` for a line that can't be used."""

    def wrong(what: str) -> pytest.UsageError:
        return usage_error(f"hygiene_allow: {line!r}: {what} (ini file)")

    # A "#" in the regular expression has no blank before it, or is escaped.
    rule, reason = [part.strip() for part in (*re.split(r"\s#", line, maxsplit=1), "")][:2]
    kind, colon, regex = (part.strip() for part in rule.partition(":"))
    if kind not in KINDS:
        raise wrong(f"unknown kind {kind!r}; the kinds are {', '.join(KINDS)}")
    if colon and not regex:
        raise wrong("nothing after the colon; write kind, or kind:regex  # reason")
    try:
        pattern = re.compile(regex) if regex else None
    except re.error as error:
        raise wrong(f"{regex!r} is not a regular expression: {error}") from None
    return AllowLeak(frozenset((kind,)), pattern, reason, line, "hygiene_allow")
