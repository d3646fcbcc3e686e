"""What the user asked for: the values of the options, and the ``allow_leak`` marks, read and checked.

They are read when the plugin starts, before conftest files are loaded, and once more when pytest has read the
whole command line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Literal, cast

import pytest

from . import own_modules
from .options import MODES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .marks import AllowLeak

MARKER: Final = "allow_leak"

#: The interpreters that the whole plugin is tested on; elsewhere only responses and warnings are checked.
TESTED_PYTHONS: Final = ((3, 10), (3, 11), (3, 12), (3, 13))


class Settings:
    """The options, read and checked; nobody changes them.

    Not a dataclass: that takes half a millisecond to make, in every run.
    """

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
        """Whether exception cycles that only libraries close fail as well (``hygiene_framework_cycles``)."""
        self.source: Final = source
        """Further paths or distributions whose code counts as the reader's (``hygiene_source``)."""
        self.reduced: Final = reduced
        """Why only responses and warnings are checked; empty on interpreters that we test."""
        self.allow: Final = allow
        """The lines of ``hygiene_allow``."""
        self.baseline: Final = baseline
        """The file with the known leaks, absolute."""
        self.update_baseline: Final = update_baseline
        """Whether that file is written anew (``--hygiene-update-baseline``)."""
        self.reports: Final = reports
        """Absolute paths of the files to write, not checked yet (``--hygiene-report``)."""
        self.explain: Final = explain
        """The test that ``--hygiene-explain`` names, as the user wrote it."""
        self.editor: Final = editor
        """Which editor the HTML report's links open (``hygiene_editor``); empty: it has no links."""

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


def read_mode(config: pytest.Config) -> Literal["fail", "warn", "off"]:
    """The mode, also before the command line is completely parsed."""
    mode = _option(config, "hygiene_mode")
    if mode is None:
        mode = _choice(config, "hygiene", MODES)
    return cast("Literal['fail', 'warn', 'off']", mode)


def read_settings(config: pytest.Config) -> Settings:
    """Read all options; raise :class:`pytest.UsageError` for a value that can't be used."""
    mode = read_mode(config)
    update = bool(_option(config, "hygiene_update_baseline"))
    baseline = _baseline(config) if mode != "off" or update else None
    if update and baseline is None:
        raise _usage_error(
            "--hygiene-update-baseline: which file? Name it with --hygiene-baseline=FILE or the ini option "
            "hygiene_baseline"
        )
    if update and mode == "off":
        raise _usage_error("--hygiene-update-baseline: nothing can be found with --hygiene=off")
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


def _usage_error(text: str) -> pytest.UsageError:
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
        raise _usage_error(f"hygiene_strict: {error}; write true or false (ini file)") from None


def _explain(config: pytest.Config, mode: str) -> str:
    """The node id that ``--hygiene-explain`` names; empty if there is none."""
    given = _option(config, "hygiene_explain")
    if given is None:
        return ""
    if not str(given).strip():
        raise _usage_error("--hygiene-explain: the node id of a test is missing, as test_shop.py::test_it")
    if mode == "off":
        raise _usage_error("--hygiene-explain: nothing is seen with --hygiene=off")
    return str(given).strip()


def _editor(config: pytest.Config) -> str:
    value = str(config.getini("hygiene_editor")).strip()
    if value:
        with own_modules():
            from .editor import Editor
        # Only checked; the HTML report makes its own.
        Editor(value)
    return value


def _baseline(config: pytest.Config) -> Path | None:
    """An absolute path: a flag's is relative to where pytest was started, the ini file's to its directory."""
    given = _option(config, "hygiene_baseline")
    if given is not None:
        if not given:
            raise _usage_error("--hygiene-baseline: the name of a file is missing")
        return config.invocation_params.dir / _expanded(str(given))
    named = str(config.getini("hygiene_baseline")).strip()
    return _folder_of_ini(config) / _expanded(named) if named else None


def _allow_lines(config: pytest.Config) -> tuple[AllowLeak, ...]:
    lines = [line for line in config.getini("hygiene_allow") if not line.startswith("#")]
    if not lines:
        return ()
    with own_modules():
        from .marks import read_line
    return tuple(map(read_line, lines))


def _report_paths(config: pytest.Config) -> tuple[str, ...]:
    """Absolute paths, each once: relative to the same directories as the baseline's."""
    start = config.invocation_params.dir
    names = cast("list[str] | None", _option(config, "hygiene_report"))
    if names is None:
        names = config.getini("hygiene_report")
        start = _folder_of_ini(config)
    return tuple(dict.fromkeys(os.path.join(start, _expanded(name)) for name in names))


def _folder_of_ini(config: pytest.Config) -> Path:
    """What pytest takes paths of ini options to be relative to; without a file they come from ``-o``."""
    return config.invocation_params.dir if config.inipath is None else config.inipath.parent


def _expanded(path: str) -> str:
    """With the home directory and variables, as pytest has it for its own ``--junit-xml``."""
    return os.path.expanduser(os.path.expandvars(path))


def _option(config: pytest.Config, dest: str) -> object:
    """An option of the command line.

    The plugin starts before conftest files, which may add options of their own, so that only those are parsed
    that are known by then.
    """
    early = getattr(config, "known_args_namespace", None)
    value = getattr(early, dest, None)
    return getattr(config.option, dest, None) if value is None else value


def _choice(config: pytest.Config, name: str, choices: Sequence[str]) -> str:
    value = str(config.getini(name)).strip()
    if value not in choices:
        raise _usage_error(f"{name}: {value!r} is not one of {', '.join(choices)} (ini file)")
    return value


def _why_reduced() -> str:
    """Why this interpreter is not one of those that the whole plugin is tested on; empty if it is."""
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
    """Raise :class:`pytest.UsageError` for the first ``allow_leak`` mark that can't be used."""
    for item in items:
        read_marks(item)
