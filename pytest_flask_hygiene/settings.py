"""Command line, ini file and marker, read once into one frozen object."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

import pytest

from .findings import KINDS, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

MODES: Final = ("fail", "warn", "off")
MARKER: Final = "allow_leak"
MARKER_HELP: Final = (
    "allow_leak(*kinds, match=None, reason=None): accept this test's leaks of these kinds (no kinds: any) "
    "whose message, file or function matches the regular expression."
)

#: The interpreters that the whole plugin is tested on; elsewhere only responses and warnings are checked.
TESTED_PYTHONS: Final = ((3, 10), (3, 11), (3, 12), (3, 13))


@dataclass(frozen=True)
class Settings:
    """What the user asked for."""

    mode: Literal["fail", "warn", "off"] = "fail"
    strict: bool = False
    framework_cycles_fail: bool = False
    source: tuple[str, ...] = ()
    """Further paths or distributions whose code counts as the reader's (``hygiene_source``)."""
    reduced: str = ""
    """Why only responses and warnings are checked; empty on interpreters that we test."""


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


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("hygiene", "resource leaks in Flask applications (pytest-flask-hygiene)")
    group.addoption(
        "--hygiene",
        dest="hygiene_mode",
        choices=MODES,
        default=None,
        help="what a leak does: fail the test that opened the resource (default), only warn, "
        "or off (the plugin does nothing)",
    )
    group.addoption(
        "--hygiene-strict",
        dest="hygiene_strict",
        action="store_true",
        default=None,
        help="fail also for what is left open, responses that had to be closed, and cycles made by test code",
    )
    parser.addini("hygiene", "what a leak does: fail (default), warn or off", default="fail")
    parser.addini("hygiene_strict", "the same as --hygiene-strict", type="bool", default=False)
    parser.addini(
        "hygiene_framework_cycles",
        "warn (default): count exception cycles that only libraries close; fail: fail for them",
        default="warn",
    )
    parser.addini(
        "hygiene_source",
        "further paths, packages or distributions whose code counts as your own",
        type="linelist",
        default=[],
    )


def read_mode(config: pytest.Config) -> Literal["fail", "warn", "off"]:
    """The mode, also before the command line is completely parsed."""
    mode = _option(config, "hygiene_mode")
    if mode is None:
        mode = _choice(config, "hygiene", MODES)
    return cast("Literal['fail', 'warn', 'off']", mode)


def read_settings(config: pytest.Config) -> Settings:
    """Read everything; raise :class:`pytest.UsageError` for a value that can't be used."""
    strict = _option(config, "hygiene_strict")
    if strict is None:
        strict = config.getini("hygiene_strict")
    return Settings(
        mode=read_mode(config),
        strict=bool(strict),
        framework_cycles_fail=_choice(config, "hygiene_framework_cycles", ("warn", "fail")) == "fail",
        source=tuple(config.getini("hygiene_source")),
        reduced=_why_reduced(),
    )


def _option(config: pytest.Config, dest: str) -> object:
    """An option's value; the plugin starts before conftest files, when only the known ones are parsed."""
    early = getattr(config, "known_args_namespace", None)
    value = getattr(early, dest, None)
    return getattr(config.option, dest, None) if value is None else value


def _choice(config: pytest.Config, name: str, choices: Sequence[str]) -> str:
    value = str(config.getini(name)).strip()
    if value not in choices:
        raise pytest.UsageError(f"{name}: {value!r} is not one of {', '.join(choices)} (ini file)")
    return value


def _why_reduced() -> str:
    if sys.implementation.name != "cpython":
        return f"not tested on {sys.implementation.name}"
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return "not tested on free-threaded Python"
    if sys.version_info[:2] not in TESTED_PYTHONS:
        return f"not tested on Python {sys.version_info[0]}.{sys.version_info[1]}"
    return ""


def read_marks(item: pytest.Item) -> list[AllowLeak]:
    """The item's ``allow_leak`` marks; raise :class:`pytest.UsageError` for one that can't be used."""
    return [_read_mark(mark, item.nodeid) for mark in item.iter_markers(MARKER)]


def validate_marks(items: Iterable[pytest.Item]) -> None:
    for item in items:
        read_marks(item)


def _read_mark(mark: pytest.Mark, nodeid: str) -> AllowLeak:
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
