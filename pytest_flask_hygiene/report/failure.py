"""The text of one failing report, as a real exception representation.

Its crash location is the innermost of the reader's frames, so that editors and CI annotations jump to the
line that opened the resource.  It survives pytest-xdist, which serializes it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback

from .. import own_modules
from ..advice import page_of, what_happened
from ..findings import Finding, Frame
from ..installed import short_path

_MAX_CODE = 72
_MAX_FRAMES = 8


def failure_repr(findings: Sequence[Finding], test_name: str, start: Path) -> ReprExceptionInfo:
    """``start``: the directory that paths are shown relative to."""
    return repr_of_text(failure_text(findings, test_name, start), findings, start)


def failure_text(findings: Sequence[Finding], test_name: str, start: Path) -> str:
    lines = [headline(findings, test_name), ""]
    for finding in findings:
        lines += finding_lines(finding, start)
        lines.append("")
    return "\n".join(lines)


def repr_of_text(text: str, findings: Sequence[Finding], start: Path) -> ReprExceptionInfo:
    """The same with a text of one's own."""
    frame = findings[0].site.frame or Frame(findings[0].owner.path, findings[0].owner.line, "")
    first = findings[0]
    where = f"{relative(frame.path, start)}:{frame.line}"
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    # The short test summary shows this beside the test's name.
    message = f"hygiene: {first.kind} {where}{more}"
    return repr_at(os.path.abspath(frame.path), frame.line, message, text)


def repr_at(path: str, line: int, message: str, text: str) -> ReprExceptionInfo:
    """``message``: for the short test summary."""
    crash = ReprFileLocation(printable(path), line, printable(message))
    entry = ReprEntryNative([printable(text.rstrip() + "\n")])
    traceback = ReprTraceback([entry], None, style="native")
    return ReprExceptionInfo(reprtraceback=traceback, reprcrash=crash)


def headline(findings: Sequence[Finding], test_name: str) -> str:
    """``hygiene: test_stock left 1 resource open``."""
    fixtures = {f.owner.describe() for f in findings if f.owner.is_fixture}
    owners = {f.owner.describe() for f in findings}
    who = next(iter(fixtures)) if len(owners) == len(fixtures) == 1 else test_name
    cycles = sum(f.count for f in findings if f.kind == "cycle")
    resources = sum(f.count for f in findings) - cycles
    parts = []
    if resources:
        parts.append(f"{plural(resources, 'resource')} open")
    if cycles:
        parts.append(f"{plural(cycles, 'exception')} in {'a cycle' if cycles == 1 else 'cycles'}")
    if fixtures and len(owners) > 1 and len(owners) == len(fixtures):
        return f"hygiene: {' and '.join(parts)}, left by fixtures that ended here"
    verb = "holds" if findings[0].owner.scope == "held" else "left"
    return f"hygiene: {who} {verb} {' and '.join(parts)}"


def culprit(finding: Finding, start: Path) -> str:
    """Who opened it, with no more of a path than is needed."""
    owner = finding.owner
    if owner.scope == "import":
        return f"the import of {relative(owner.path, start)}"
    return owner.describe()


def finding_lines(finding: Finding, start: Path) -> list[str]:
    """What leaked, where it was opened, how to mend it, where more is said about it."""
    happened = what_happened(finding)
    count = f" ({finding.count} times)" if finding.count > 1 else ""
    if finding.kind == "cycle":
        lines = [f"{finding.kind}  {finding.message}{count}"]
    else:
        lines = [f"{finding.kind}  {happened}{count}"]
        if finding.message:
            lines.append(f"    {finding.message}")
    if finding.owner.is_fixture or finding.owner.scope == "import":
        where = relative(finding.owner.path, start)
        lines.append(f"    by {culprit(finding, start)}, {where}:{finding.owner.line}")
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
    left_out = len(frames) - _MAX_FRAMES
    if left_out > 0:
        # The outermost says which test, the innermost what to mend.
        frames = (*frames[:2], *frames[-(_MAX_FRAMES - 2) :])
    rows = [
        (f"{relative(f.path, start)}:{f.line}", f"in {f.function}", clip(f.code, _MAX_CODE)) for f in frames
    ]
    widths = [max((len(row[i]) for row in rows), default=0) for i in (0, 1)]
    lines = [f"    {row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}".rstrip() for row in rows]
    if left_out > 0:
        lines.insert(2, f"    ... {plural(left_out, 'frame')} ...")
    return lines


def relative(path: str, start: Path) -> str:
    """The path as seen from ``start``, or from the install directory that it lies in."""
    if path.startswith("<"):  # a doctest
        return path
    try:
        return Path(os.path.abspath(path)).relative_to(start).as_posix()
    except ValueError:
        return short_path(path)


def printable(text: str) -> str:
    """A file's name need not be valid text, but what pytest-xdist sends and what is printed must be."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def clip(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
