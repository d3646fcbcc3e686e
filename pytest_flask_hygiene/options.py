"""The options and the marker, as pytest is told of them: ``pytest --help``, ``pytest --markers``.

Each has its row in ``docs/configuration.md``; what their values mean is read in ``settings.py``.
"""

from __future__ import annotations

from typing import Final

import pytest

MODES: Final = ("fail", "warn", "off")
MARKER_HELP: Final = (
    "allow_leak(*kinds, match=None, reason=None): accept this test's leaks of these kinds (no kinds: any) "
    "whose message, file or function matches the regular expression."
)


def add_options(parser: pytest.Parser) -> None:
    """Tell pytest of all options."""
    _add_flags(parser)
    _add_ini_options(parser)


def _add_flags(parser: pytest.Parser) -> None:
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


def _add_ini_options(parser: pytest.Parser) -> None:
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
