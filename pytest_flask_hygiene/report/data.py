"""The whole run as plain data: the JSON report, and what the HTML report is made of.

``docs/reports.md`` explains every field.  Two runs of the same suite have the same data, but for the cost: it
says neither in which order the tests ran, nor on which worker of pytest-xdist.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from ..advice import page_of, what_happened
from ..findings import Finding, Frame
from ..heap.chains import Chain
from ..ledger import Ledger, distinct
from .counts import leak_counts, opened_by_libraries
from .text import printable, relative

#: Of the JSON report.
VERSION: Final = 1

#: What the module tempfile makes up, at the end of a name.
_RANDOM_END: Final = re.compile(r"[a-z0-9_]{8}$")
_PHASES: Final = ("setup", "call", "teardown", "session")

Data = dict[str, Any]


def report_data(ledger: Ledger, config: pytest.Config) -> Data:
    """What ``docs/reports.md`` describes, as dictionaries, lists, texts and numbers."""
    texts = _Texts(config)
    return {
        "version": VERSION,
        "findings": _findings(ledger, texts),
        "stale": [
            {"title": texts(each.title), "lines": list(map(texts, each.lines))} for each in ledger.stale
        ],
        "counts": _counts(ledger),
        "cost": {
            "seconds": round(ledger.cost.seconds, 6),
            "share": round(ledger.cost.of_run, 6),
            "parts": {name: round(seconds, 6) for name, seconds in sorted(ledger.cost.parts.items())},
        },
    }


def _findings(ledger: Ledger, texts: _Texts) -> list[Data]:
    """Each leak once, also that of a fixture which is charged to a test on each worker that set it up."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    of_tests = [f for findings in ledger.by_test.values() for f in findings]
    for finding in (*of_tests, *ledger.outside_tests):
        # What a library leaks the reader can't mend: it is counted, and no finding.
        if finding.outcome != "library":
            groups.setdefault((finding.key, finding.outcome, finding.is_leak), []).append(finding)
    return sorted((_finding(group, texts) for group in groups.values()), key=_order)


def _finding(group: list[Finding], texts: _Texts) -> Data:
    first = min(group, key=lambda f: (f.nodeid is None, f.nodeid or "", _PHASES.index(f.when), f.message))
    return {
        "kind": first.kind,
        "state": first.state,
        "outcome": first.outcome,
        "leak": first.is_leak,
        "nodeid": texts.or_none(first.nodeid),
        "nodeids": sorted({texts(f.nodeid) for f in group if f.nodeid is not None}),
        "when": first.when,
        "message": texts.message(first),
        "happened": what_happened(first),
        "advice": texts(first.advice),
        "page": page_of(first),
        "owner": _owner(first, texts),
        "site": [_frame(frame, texts) for frame in first.site.frames],
        "count": max(f.count for f in group),
        "allowed_by": texts.or_none(first.allowed_by),
        "holder": texts.or_none(first.holder),
        "first_use": texts.or_none(min(f.first_use for f in group)),
        "variable": texts.or_none(first.variable),
        "library": texts.or_none(first.site.library),
        "chain": None if first.chain is None else _chain(first.chain, texts),
    }


def _chain(chain: Chain, texts: _Texts) -> Data:
    return {
        "nodes": [
            {
                "kind": node.kind,
                "text": texts.without_base_temp(node.text),
                "path": texts.path(node.path),
                "line": node.line or None,
            }
            for node in chain.nodes
        ],
        "edges": [texts.without_base_temp(edge) for edge in chain.edges],
    }


def _owner(finding: Finding, texts: _Texts) -> Data:
    owner = finding.owner
    path = texts.path(owner.path)
    return {
        "scope": owner.scope,
        "name": path if owner.scope == "import" and path else texts(owner.name),
        "path": path,
        "line": owner.line if path else None,
    }


def _frame(frame: Frame, texts: _Texts) -> Data:
    return {
        "path": texts.path(frame.path),
        "line": frame.line,
        "function": texts(frame.function),
        "code": texts(frame.code),
    }


def _order(data: Data) -> tuple[object, ...]:
    """For sorting: a test's findings together, then those outside tests; equal only for equal findings."""
    site = tuple((frame["path"], frame["line"]) for frame in reversed(data["site"]))
    owner = data["owner"]
    return (
        data["nodeid"] is None,
        data["nodeid"] or "",
        _PHASES.index(data["when"]),
        site,
        data["kind"],
        data["state"],
        data["outcome"],
        owner["scope"],
        owner["name"],
        owner["path"] or "",
        owner["line"] or 0,
        data["variable"] or "",
        data["message"],
    )


def _counts(ledger: Ledger) -> Data:
    return {
        **leak_counts(ledger),
        "allowed": len([f for f in distinct(ledger.findings) if f.outcome == "allowed"]),
        "closed_responses": ledger.responses_closed,
        "closed_uploads": ledger.uploads_closed,
        "library_cycles": _sorted(ledger.library_edges),
        "upstream_leaks": _sorted(ledger.upstream),
        "of_libraries": _sorted(
            Counter(f.site.library for f in opened_by_libraries(ledger) if f.site.library)
        ),
        "stopped_early": len(set(ledger.stopped_early)),
        "faults": len(set(ledger.faults)),
    }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {printable(name): counts[name] for name in sorted(counts)}


class _Texts:
    """Makes texts the same that differ from machine to machine, or from run to run."""

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.rootpath
        base = getattr(getattr(config, "_tmp_path_factory", None), "_basetemp", None)
        # Below it each worker of pytest-xdist has a directory of its own.
        pattern = re.escape(str(base)) + r"(?:[\\/]popen-gw\d+)?" if base is not None else r"(?!)"
        self._base_temp: Callable[[str], str] = lambda text: re.sub(pattern, "<basetemp>", text)

    def __call__(self, text: str) -> str:
        return printable(text)

    def or_none(self, text: str | None) -> str | None:
        return self(text) if text else None

    def path(self, path: str) -> str | None:
        """Relative to rootdir; of an installed file, to the install directory."""
        return self(relative(path, self._root)) if path else None

    def without_base_temp(self, text: str) -> str:
        """pytest's temporary directory, whose number is another in each run, becomes ``<basetemp>``."""
        return self(self._base_temp(text))

    def message(self, finding: Finding) -> str:
        """A file's or a directory's message is its path: relative to rootdir, without a random end."""
        text = self._base_temp(finding.message)
        below = str(self._root) + os.sep
        if finding.kind == "tempdir":
            text = _RANDOM_END.sub("********", text)
        if finding.kind in ("file", "tempdir") and text.startswith(below):
            text = Path(text.removeprefix(below)).as_posix()
        return self(text)
