"""What the user accepts: the mark ``allow_leak``, ``hygiene.allow()`` and the lines of ``hygiene_allow``.

Loaded only where one of them is used.
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
    """One ``@pytest.mark.allow_leak``, one ``hygiene.allow()`` or one line of ``hygiene_allow``."""

    kinds: frozenset[str]
    """The kinds of leaks that it accepts; empty: all of them."""
    match: re.Pattern[str] | None
    reason: str
    key: object = None
    """Tells which decisions were of use: the ``id()`` of a mark, which all tests of a class share; the text
    of a line of ``hygiene_allow``; None for ``hygiene.allow()``."""
    allowed_by: str = "allow_leak"
    """Shown in the place of the reason where none was given."""

    def covers(self, finding: Finding, path_of: Callable[[str], str]) -> bool:
        """Whether the kind is right, and the regular expression found in the message or in the site.

        ``path_of`` makes a path relative to rootdir, so that the name of a directory above the project never
        matches.
        """
        if self.kinds and finding.kind not in self.kinds:
            return False
        if self.match is None:
            return True
        texts = [finding.message]
        for frame in finding.site.frames:
            texts += (path_of(frame.path), frame.function)
        return any(self.match.search(text) for text in texts)


def read_mark(mark: pytest.Mark, nodeid: str) -> AllowLeak:
    """Raise :class:`pytest.UsageError` for a mark whose arguments can't be used."""
    try:
        unknown = set(mark.kwargs) - {"match", "reason"}
        if unknown:
            raise TypeError(f"unknown argument {sorted(unknown)[0]!r}; it takes kinds, match= and reason=")
        return make_allow(mark.args, mark.kwargs.get("match"), mark.kwargs.get("reason"), id(mark))
    except (TypeError, ValueError) as error:
        raise usage_error(f"allow_leak on {nodeid}: {error}") from None


def make_allow(kinds: Sequence[object], match: object, reason: object, key: object = None) -> AllowLeak:
    """Check the arguments of a mark or of ``hygiene.allow()``.

    Raise :class:`TypeError` or :class:`ValueError` for one that can't be used.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; the kinds are {', '.join(KINDS)}")
    try:
        pattern = None if match is None else _compile(match)
    except (TypeError, ValueError) as error:
        raise type(error)(f"match={match!r} is not a regular expression: {error}") from None
    if reason is not None and not isinstance(reason, str):
        raise TypeError(f"reason={reason!r} is not a string")
    return AllowLeak(frozenset(cast("Sequence[str]", kinds)), pattern, reason or "", key)


def read_line(line: str) -> AllowLeak:
    """Read ``kind[:regex]  # reason``; raise :class:`pytest.UsageError` for a line that can't be used."""

    def wrong(what: str) -> pytest.UsageError:
        return usage_error(f"hygiene_allow: {line!r}: {what} (ini file)")

    # A "#" in the regular expression has no blank before it, or is escaped.
    rule, *rest = re.split(r"\s#", line, maxsplit=1)
    reason = rest[0].strip() if rest else ""
    kind, colon, regex = (part.strip() for part in rule.partition(":"))
    if kind not in KINDS:
        raise wrong(f"unknown kind {kind!r}; the kinds are {', '.join(KINDS)}")
    if colon and not regex:
        raise wrong("nothing after the colon; write kind, or kind:regex  # reason")
    try:
        pattern = _compile(regex) if regex else None
    except ValueError as error:
        raise wrong(f"{regex!r} is not a regular expression: {error}") from None
    return AllowLeak(frozenset((kind,)), pattern, reason, line, "hygiene_allow")


def _compile(regex: object) -> re.Pattern[str]:
    """Raise :class:`TypeError` for what is not text, and :class:`ValueError` for text that can't be used."""
    if isinstance(regex, bytes) or (isinstance(regex, re.Pattern) and isinstance(regex.pattern, bytes)):
        raise TypeError("bytes can't be searched for in text")
    try:
        return re.compile(cast("str", regex))
    except (re.error, OverflowError, RecursionError) as error:
        # The last two: a number of repetitions, or a nesting, that ``re`` can't work with.
        raise ValueError(str(error)) from None
