"""The text of one failing report, as a real exception representation.

Its crash location is the innermost of the reader's frames, so that editors and CI annotations jump to the
line that opened the resource.  It survives pytest-xdist, which serializes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

from .. import own_modules
from ..advice import is_of_traceback, page_of, what_happened
from ..findings import Finding, Frame
from .text import clip, place, plural, printable, relative

_MAX_CODE: Final = 72
_MAX_FRAMES: Final = 8


def failure_repr(findings: Sequence[Finding], test_name: str, start: Path) -> ReprExceptionInfo:
    """``start``: the directory that paths are shown relative to."""
    return repr_of_text(failure_text(findings, test_name, start), findings, start)


def failure_text(findings: Sequence[Finding], test_name: str, start: Path) -> str:
    """The headline, and a block of lines for each finding."""
    lines = [headline(findings, test_name), ""]
    for finding in findings:
        lines += finding_lines(finding, start)
        lines.append("")
    return "\n".join(lines)


def repr_of_text(text: str, findings: Sequence[Finding], start: Path) -> ReprExceptionInfo:
    """A failure with this text, at the place of the first finding."""
    first = findings[0]
    path, line = place_of(first)
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    message = f"hygiene: {first.kind} {place(path, line, start)}{more}"
    return repr_at(os.path.abspath(path), line, message, text)


def repr_at(path: str, line: int, message: str, text: str) -> ReprExceptionInfo:
    """``message``: what the short test summary shows beside the test's name."""
    crash = ReprFileLocation(printable(path), line, printable(message))
    parts = [printable(text.rstrip() + "\n")]
    if not parts[0].isascii():
        # Where the terminal's encoding lacks a character, pytest escapes all of an entry, with its line ends.
        parts = re.split("(\n)", parts[0])
    traceback = ReprTraceback([ReprEntryNative([part]) for part in parts if part], None, style="native")
    return ReprExceptionInfo(reprtraceback=traceback, reprcrash=crash)


def headline(findings: Sequence[Finding], test_name: str) -> str:
    """``hygiene: test_stock left 1 resource open``.

    Who left it is the test, unless one fixture left all of it.
    """
    owners = {f.owner.describe() for f in findings}
    only_fixtures = all(f.owner.is_fixture for f in findings)
    cycles = sum(f.count for f in findings if f.kind == "cycle")
    resources = sum(f.count for f in findings) - cycles
    parts = []
    if resources:
        parts.append(f"{plural(resources, 'resource')} open")
    if cycles:
        only_tracebacks = all(is_of_traceback(f) for f in findings if f.kind == "cycle")
        noun = "traceback" if only_tracebacks else "exception"
        parts.append(f"{plural(cycles, noun)} in {'a cycle' if cycles == 1 else 'cycles'}")
    what = " and ".join(parts)
    if only_fixtures and len(owners) > 1:
        return f"hygiene: {what}, left by fixtures that ended here"
    who = findings[0].owner.describe() if only_fixtures else test_name
    verb = "holds" if findings[0].owner.scope == "held" else "left"
    return f"hygiene: {who} {verb} {what}"


def culprit(finding: Finding, start: Path) -> str:
    """Who opened it; an import is named by its file, as it is seen from ``start``."""
    owner = finding.owner
    if owner.scope == "import":
        return f"the import of {relative(owner.path, start)}"
    return owner.describe()


def place_of(finding: Finding) -> tuple[str, int]:
    """The file and the line to look at, for an editor: where it was opened, or else where its owner begins.

    The owner's also for a doctest, whose frames name no file: ``<doctest usage.txt[0]>``.
    """
    frame, owner = finding.site.frame, finding.owner
    if frame is None or (frame.path.startswith("<") and owner.path):
        return owner.path, owner.line
    return frame.path, frame.line


def opened_at(finding: Finding, start: Path) -> str:
    """Where it was opened, as text; if that is not known, by whom."""
    frame = finding.site.frame
    return place(frame.path, frame.line, start) if frame is not None else finding.owner.describe()


def finding_lines(finding: Finding, start: Path) -> list[str]:
    """What leaked, where it was opened, how to mend it, where more is said about it."""
    count = f" ({finding.count} times)" if finding.count > 1 else ""
    if finding.kind == "cycle":
        lines = [f"{finding.kind}  {finding.message}{count}"]
    else:
        lines = [f"{finding.kind}  {what_happened(finding)}{count}"]
        if finding.message:
            lines.append(f"    {finding.message}")
    owner = finding.owner
    if owner.is_fixture or owner.scope == "import":
        lines.append(f"    by {culprit(finding, start)}, {place(owner.path, owner.line, start)}")
    lines += frame_lines(finding.site.frames, start)
    if finding.known:
        lines.append(f"    more of them than the {finding.known} that the baseline accepts")
    if finding.holder:
        lines.append(f"    held by {finding.holder}")
    if finding.first_use:
        lines.append(f"    first used by {finding.first_use}")
    if finding.chain is not None:
        with own_modules():
            from .chain_text import chain_lines
        lines += chain_lines(finding.chain, start)
    lines.append(f"fix: {finding.advice}")
    lines.append(see_line(finding))
    return lines


def see_line(finding: Finding) -> str:
    """The page that says more: its path, for no host is known here."""
    return f"see: {page_of(finding)} in pytest-flask-hygiene"


def frame_lines(frames: Sequence[Frame], start: Path) -> list[str]:
    """For each frame, innermost last: where it is, its function, its code.  Of many, only both ends."""
    left_out = len(frames) - _MAX_FRAMES
    if left_out > 0:
        # The outermost say which test it was, the innermost what to mend.
        frames = (*frames[:2], *frames[-(_MAX_FRAMES - 2) :])
    rows = [(place(f.path, f.line, start), f"in {f.function}", clip(f.code, _MAX_CODE)) for f in frames]
    widths = [max((len(row[i]) for row in rows), default=0) for i in (0, 1)]
    lines = [f"    {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}".rstrip() for row in rows]
    if left_out > 0:
        lines.insert(2, f"    ... {plural(left_out, 'frame')} ...")
    return lines
