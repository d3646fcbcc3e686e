"""Command line, ini file and marker, read once into one frozen object."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Literal, cast

import pytest

from . import own_modules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .marks import AllowLeak

MODES: Final = ("fail", "warn", "off")
MARKER: Final = "allow_leak"
MARKER_HELP: Final = (
    "allow_leak(*kinds, match=None, reason=None): accept this test's leaks of these kinds (no kinds: any) "
    "whose message, file or function matches the regular expression."
)

#: The interpreters that the whole plugin is tested on; elsewhere only responses and warnings are checked.
TESTED_PYTHONS: Final = ((3, 10), (3, 11), (3, 12), (3, 13))


class Settings:
    """What the user asked for.  (Not a dataclass: that takes half a millisecond to make, in every run.)"""

    __slots__ = (
        "allow",
        "baseline",
        "editor",
        "explain",
        "framework_cycles_fail",
        "mode",
        "reduced",
        "reports",
        "source",
        "strict",
        "update_baseline",
    )

    def __init__(
        self,
        mode: Literal["fail", "warn", "off"],
        *,
        strict: bool,
        framework_cycles_fail: bool,
        source: tuple[str, ...],
        reduced: str,
        allow: tuple[AllowLeak, ...] = (),
        baseline: Path | None = None,
        update_baseline: bool = False,
        reports: tuple[str, ...] = (),
        explain: str = "",
        editor: str = "",
    ) -> None:
        self.mode: Final = mode
        self.strict: Final = strict
        self.framework_cycles_fail: Final = framework_cycles_fail
        self.source: Final = source
        """Further paths or distributions whose code counts as the reader's (``hygiene_source``)."""
        self.reduced: Final = reduced
        """Why only responses and warnings are checked; empty on interpreters that we test."""
        self.allow: Final = allow
        """The lines of ``hygiene_allow``."""
        self.baseline: Final = baseline
        """The file with the known leaks, absolute."""
        self.update_baseline: Final = update_baseline
        self.reports: Final = reports
        """Absolute paths of the files to write, not checked yet (``--hygiene-report``)."""
        self.explain: Final = explain
        """The test that ``--hygiene-explain`` names, as the user wrote it."""
        self.editor: Final = editor
        """Which editor the HTML report's links open (``hygiene_editor``), checked; empty: it has none."""

    @property
    def header(self) -> str | None:
        """One line under pytest's own header, when there is something to say."""
        if self.reduced:
            return f"hygiene: responses and warnings only ({self.reduced})"
        if self.mode == "warn":
            return "hygiene: warn (leaks are listed and fail nothing)"
        if self.strict:
            return "hygiene: strict"
        return None


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
    group.addoption(
        "--hygiene-baseline",
        dest="hygiene_baseline",
        metavar="FILE",
        default=None,
        help="accept the leaks that this file lists; what is not in it fails",
    )
    group.addoption(
        "--hygiene-update-baseline",
        dest="hygiene_update_baseline",
        action="store_true",
        default=False,
        help="write the leaks of this run to the baseline, and accept them",
    )
    group.addoption(
        "--hygiene-report",
        dest="hygiene_report",
        action="append",
        metavar="FILE",
        default=None,
        help="write all findings to this file, in the format of its ending (.json or .html); repeatable",
    )
    group.addoption(
        "--hygiene-explain",
        dest="hygiene_explain",
        metavar="NODEID",
        default=None,
        help="tell of each resource of this test how it ended, and why it was or was not charged",
    )
    parser.addini("hygiene", "what a leak does: fail (default), warn or off", default="fail")
    parser.addini("hygiene_strict", "the same as --hygiene-strict", type="bool", default=False)
    parser.addini("hygiene_baseline", "the same as --hygiene-baseline, relative to the ini file", default="")
    parser.addini(
        "hygiene_allow",
        "leaks to accept: a line 'kind[:regex]  # reason' each, searched in message, file and function names",
        type="linelist",
        default=[],
    )
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
    parser.addini(
        "hygiene_report", "the same as --hygiene-report: one file per line", type="linelist", default=[]
    )
    parser.addini(
        "hygiene_editor",
        "what the links of an HTML report open: vscode, pycharm, idea, macvim, textmate, or a URL with "
        "{path} and {line}",
        default="",
    )


def read_mode(config: pytest.Config) -> Literal["fail", "warn", "off"]:
    """The mode, also before the command line is completely parsed."""
    mode = _option(config, "hygiene_mode")
    if mode is None:
        mode = _choice(config, "hygiene", MODES)
    return cast("Literal['fail', 'warn', 'off']", mode)


def read_settings(config: pytest.Config) -> Settings:
    """Read everything; raise :class:`pytest.UsageError` for a value that can't be used."""
    mode = read_mode(config)
    baseline = _baseline(config) if mode != "off" or _option(config, "hygiene_update_baseline") else None
    update = bool(_option(config, "hygiene_update_baseline"))
    if update and baseline is None:
        raise _wrong(
            "--hygiene-update-baseline: which file? Name it with --hygiene-baseline=FILE or the ini option "
            "hygiene_baseline"
        )
    if update and mode == "off":
        raise _wrong("--hygiene-update-baseline: nothing can be found with --hygiene=off")
    return Settings(
        mode=mode,
        strict=_strict(config),
        framework_cycles_fail=_choice(config, "hygiene_framework_cycles", ("warn", "fail")) == "fail",
        source=tuple(config.getini("hygiene_source")),
        reduced=_why_reduced(),
        allow=_allow_lines(config) if mode != "off" else (),
        baseline=baseline,
        update_baseline=update,
        reports=_report_paths(config),
        explain=_explain(config, mode),
        editor=_editor(config),
    )


def _wrong(text: str) -> pytest.UsageError:
    with own_modules():
        from .usage import usage_error
    return usage_error(text)


def _strict(config: pytest.Config) -> bool:
    if _option(config, "hygiene_strict"):
        return True
    try:
        return bool(config.getini("hygiene_strict"))
    except (ValueError, pytest.UsageError) as error:
        # pytest says what is wrong, and not of which option; which error it raises depends on its version.
        raise _wrong(f"hygiene_strict: {error}; write true or false (ini file)") from None


def _explain(config: pytest.Config, mode: str) -> str:
    given = _option(config, "hygiene_explain")
    if given is None:
        return ""
    if not str(given).strip():
        raise _wrong("--hygiene-explain: the node id of a test is missing, as test_shop.py::test_it")
    if mode == "off":
        raise _wrong("--hygiene-explain: nothing is seen with --hygiene=off")
    return str(given).strip()


def _editor(config: pytest.Config) -> str:
    value = str(config.getini("hygiene_editor")).strip()
    if value:
        with own_modules():
            from .editor import Editor
        Editor(value)
    return value


def _baseline(config: pytest.Config) -> Path | None:
    """Relative to where pytest was started if the command line names it, else to the ini file."""
    given = _option(config, "hygiene_baseline")
    if given is not None:
        if not given:
            raise _wrong("--hygiene-baseline: the name of a file is missing")
        return config.invocation_params.dir / str(given)
    named = str(config.getini("hygiene_baseline")).strip()
    folder = config.rootpath if config.inipath is None else config.inipath.parent
    return folder / named if named else None


def _allow_lines(config: pytest.Config) -> tuple[AllowLeak, ...]:
    lines = [line for line in config.getini("hygiene_allow") if not line.startswith("#")]
    if not lines:
        return ()
    with own_modules():
        from .marks import read_line
    return tuple(map(read_line, lines))


def _report_paths(config: pytest.Config) -> tuple[str, ...]:
    """The command line's are relative to where pytest was started, the ini file's to its own directory."""
    start = config.invocation_params.dir
    names = cast("list[str] | None", _option(config, "hygiene_report"))
    if names is None:
        names = config.getini("hygiene_report")
        start = config.inipath.parent if config.inipath is not None else start
    # As pytest does for its own --junit-xml.
    paths = (os.path.expanduser(os.path.expandvars(name)) for name in names)
    return tuple(dict.fromkeys(os.path.join(start, path) for path in paths))


def _option(config: pytest.Config, dest: str) -> object:
    """An option's value; the plugin starts before conftest files, when only the known ones are parsed."""
    early = getattr(config, "known_args_namespace", None)
    value = getattr(early, dest, None)
    return getattr(config.option, dest, None) if value is None else value


def _choice(config: pytest.Config, name: str, choices: Sequence[str]) -> str:
    value = str(config.getini(name)).strip()
    if value not in choices:
        raise _wrong(f"{name}: {value!r} is not one of {', '.join(choices)} (ini file)")
    return value


def _why_reduced() -> str:
    if sys.implementation.name != "cpython":
        return f"not tested on {sys.implementation.name}"
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return "not tested on free-threaded Python"
    if sys.version_info[:2] not in TESTED_PYTHONS:
        return f"not tested on Python {sys.version_info[0]}.{sys.version_info[1]}"
    return ""


def read_marks(item: pytest.Item | pytest.Collector) -> list[AllowLeak]:
    """The node's ``allow_leak`` marks; raise :class:`pytest.UsageError` for one that can't be used."""
    found = list(item.iter_markers(MARKER))
    if not found:
        return []
    with own_modules():
        from .marks import read_mark
    return [read_mark(mark, item.nodeid) for mark in found]


def validate_marks(items: Iterable[pytest.Item]) -> None:
    for item in items:
        read_marks(item)
