"""For ``--hygiene-explain``: what became of each resource of a test, and what it counts as, in words.

Made of the test's journal and of the findings.  The result is plain data, which a worker of pytest-xdist can
send.  The words are those of ``docs/what-is-checked.md``.

Loaded only where a test is to be explained.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from ..advice import what_happened
from ..evidence import owner_of_birth
from ..findings import Finding, Owner, Site
from ..ledger import Ledger
from ..origin import OUR_DIRECTORY, OriginMap
from ..settings import Settings
from ..stacks import request_of
from .journal import Entry, Journal, Phase
from .rules import Rules

Data = dict[str, Any]

_ENDED: Final[dict[Phase, str]] = {
    "setup": "before the setup had ended",
    "call": "before the call had ended",
    "teardown": "in the teardown",
    "reported": "after the test had ended",
    "session": "after the test had ended",
}
_FOUND: Final[dict[Phase, str]] = {
    "setup": "found when the setup had ended",
    "call": "found when the call had ended",
    "teardown": "found in the teardown",
    "reported": "found after the test had ended",
    "session": "found at the session's end",
}
_VERBS: Final = {"thread": "ended", "subprocess": "ended", "tempdir": "removed", "context": "popped"}
#: Modules of the standard library that read files which the reader has not asked for.
_READERS: Final = tuple(f"{os.sep}{name}.py" for name in ("linecache", "mimetypes", "tokenize", "traceback"))
_RMTREE: Final = f"{os.sep}shutil.py"
_NOTHING: Final = "not charged"


class Words:
    """Puts one journal into words."""

    def __init__(self, journal: Journal, ledger: Ledger, settings: Settings, origin: OriginMap) -> None:
        self._journal = journal
        self._ledger = ledger
        self._settings = settings
        self._origin = origin
        self._rules = Rules(settings, journal, ledger.verdict.paths)
        self._told: set[tuple[object, ...]] = set()
        """The keys of the findings that have a row."""
        self._libraries: dict[str, Counter[str]] = {}
        """By the library: how many of each kind it has opened for itself."""

    def data(self) -> Data:
        """The whole explanation.  ``rows``: one for each resource, equal ones together."""
        journal = self._journal
        rows = [row for entry in self._entries() for row in self._of_entry(entry)]
        for finding, phase in journal.findings:
            if finding.key not in self._told:
                self._told.add(finding.key)
                rows.append(self._of_finding(finding, _how_found(finding, _FOUND[phase])))
        for finding in self._charged():
            if finding.key not in self._told:
                self._told.add(finding.key)
                rows.append(self._of_finding(finding, _how_found(finding, _FOUND[finding.when])))
        return {
            "nodeid": journal.nodeid,
            "rows": _together(rows),
            "libraries": {name: dict(kinds) for name, kinds in sorted(self._libraries.items())},
            "library_cycles": dict(Counter(journal.library_edges)),
            "left_out": journal.left_out,
        }

    def _entries(self) -> list[Entry]:
        """The journal's entries, of which a sent file and its response are one."""
        entries = self._journal.entries
        for entry in list(entries):
            birth = entry.birth
            if birth is not None and birth.was_sent:
                request = request_of(birth.stack)
                same = next((e for e in entries if e.birth is None and request_of(e.stack) == request), None)
                if same is not None:
                    entries.remove(same)
                    entry.fate = entry.fate or same.fate
                    entry.ended = entry.ended or same.ended
                    entry.findings += same.findings
        return entries

    def _charged(self) -> list[Finding]:
        """All findings that are charged to this test or its own, and those that it was the first user of."""
        ledger, nodeid = self._ledger, self._journal.nodeid
        return [
            *ledger.by_test.get(nodeid, ()),
            *(f for f in ledger.of_session if nodeid in (f.nodeid, f.owner.nodeid, f.first_use)),
        ]

    def _of_entry(self, entry: Entry) -> Iterable[Data]:
        """Its row; none if it is counted with what a library has opened."""
        birth = entry.birth
        if entry.findings:
            finding, phase = entry.findings[-1]
            if finding.site.frames:
                self._told.add(finding.key)
                row = self._of_finding(finding, _how_found(finding, _FOUND[phase]))
                # Equal ones are one finding with a count; here each is one.
                row["count"] = 1
                row["what"] = _what(entry) or row["what"]
                yield row
                return
        site = self._origin.site(entry.stack)
        by_library = not site.frames or (entry.findings and not entry.findings[-1][0].site.frames)
        if by_library or (
            entry.ended is not None and not entry.fate and self._is_read_by_the_way(entry, site)
        ):
            self._of_library(entry, site)
            return
        owner = entry.owner if birth is None else owner_of_birth(birth)
        ended, counts = self._fate(entry)
        if birth is not None and not birth.owner.is_or_is_part_of(entry.owner.whole or entry.owner):
            counts = f"{counts.partition(':')[0]}: {birth.owner.describe()} referred to it, and owns it since"
        yield {
            "kind": "response" if birth is not None and birth.was_sent else entry.kind,
            "what": _what(entry),
            "owner": _owner(owner),
            "site": _site(site),
            "ended": ended,
            "holder": "",
            "counts": counts,
            "count": 1,
        }

    def _is_read_by_the_way(self, entry: Entry, site: Site) -> bool:
        """Whether a library or the standard library opened a file for itself, below the reader's code."""
        if entry.kind != "file" or not entry.stack or (entry.birth is not None and entry.birth.served):
            return False
        code = entry.stack[0][0]
        return bool(site.library) or code.co_filename.endswith(_READERS) or code.co_filename.endswith(_RMTREE)

    def _of_library(self, entry: Entry, site: Site) -> None:
        innermost = next(
            (c.co_filename for c, _ in entry.stack if self._origin(c.co_filename) != "stdlib"), ""
        )
        if innermost.startswith(OUR_DIRECTORY):
            return
        name = site.library.removeprefix("_") if site.library else "pytest and the standard library"
        self._libraries.setdefault(name, Counter())[entry.kind] += 1

    def _of_finding(self, finding: Finding, ended: str) -> Data:
        recorded = next((f for f in self._ledger.findings if f.key == finding.key), None)
        known = recorded or finding
        return {
            "kind": known.kind,
            "what": known.message,
            "owner": _owner(known.owner),
            "site": _site(known.site),
            "ended": ended,
            "holder": known.holder,
            "counts": self._rules.of(known) if recorded is not None else self._why_unrecorded(known),
            "count": known.count,
        }

    # -- what it counts as ---------------------------------------------------------------------

    def _fate(self, entry: Entry) -> tuple[str, str]:
        """Of a resource without a finding: how it ended, and what it counts as."""
        if entry.fate:
            return _fate_that_was_seen(entry)
        if entry.ended is not None:
            return _fate_of_ended(entry, entry.ended)
        if entry.kind == "file" and not entry.numbers:
            return "it can't be told", f"{_NOTHING}: no warning came"
        if self._journal.failed:
            why = "the test did not pass by itself, and its traceback may hold it"
        elif self._settings.reduced:
            why = "only responses and warnings are checked here"
        else:
            why = "pytest, a library or Python itself ends it"
        return "still open at the session's end", f"{_NOTHING}: {why}"

    def _why_unrecorded(self, finding: Finding) -> str:
        if self._journal.failed:
            return f"{_NOTHING}: the test did not pass by itself, and its traceback may hold it"
        if finding.is_leak:
            return f"{_NOTHING}: hygiene.check() raised it, and the test went on"
        return f"{_NOTHING}: it is in no report"


def _fate_that_was_seen(entry: Entry) -> tuple[str, str]:
    """How it was closed for the test, or who got or hid the warning about it."""
    if entry.fate == "upload":
        return "closed for the test", f"{_NOTHING}: the temporary file of an upload, closed and counted"
    if entry.fate in ("closed_for_test", "given_up"):
        ended = "dropped, and closed for the test" if entry.fate == "given_up" else "closed for the test"
        return ended, "noted: a streamed response, closed and counted; --hygiene-strict fails it"
    if entry.fate == "recorded":
        why = "pytest.warns, recwarn or catch_warnings in the test got the warning"
    elif entry.hidden_by:
        why = f"the warning filter {entry.hidden_by!r} of yours covers it"
    else:
        why = "a warning filter or recorder of yours covers it"
    return f"dropped {_ENDED[entry.ended or 'session']}", f"{_NOTHING}: {why}"


def _fate_of_ended(entry: Entry, phase: Phase) -> tuple[str, str]:
    """It is not open any more; whether it was closed or dropped was not seen."""
    verb, when = _VERBS.get(entry.kind, "closed"), _ENDED[phase]
    if entry.hidden_by:
        why = f"your warning filter {entry.hidden_by!r} covers it if it was dropped"
        return f"{verb} or dropped {when}", f"{_NOTHING}: {why}"
    if entry.kind == "response":
        return f"closed, or read to its end, {when}", _NOTHING
    gone = " (it is not there any more, or never was)" if entry.is_gone else ""
    return f"{verb} {when}{gone}", _NOTHING


def _how_found(finding: Finding, found: str) -> str:
    """``found``: when, in words."""
    if finding.state == "cycle":
        return found
    if finding.kind == "response":
        dropped = "dropped, and " if finding.state == "dropped" else ""
        return f"{dropped}closed for the test"
    if finding.kind == "context":
        return f"still pushed when its owner had ended, and popped; {found}"
    if finding.kind == "other":
        return f"{what_happened(finding)}; {found}"
    if finding.state == "left_open":
        return f"left open; {found}"
    return f"dropped; {found}"


def _what(entry: Entry) -> str:
    """What it is called; empty if the kind says it all."""
    birth = entry.birth
    if birth is None:
        return "a streamed body"
    if entry.kind == "thread":
        return str(birth.path)
    if entry.kind == "context":
        return ""
    what = entry.name or birth.describe()
    return f"the sent file {what}" if birth.was_sent else what


def _owner(owner: Owner) -> Data:
    return {"scope": owner.scope, "name": owner.name, "path": owner.path, "line": owner.line}


def _site(site: Site) -> list[tuple[str, int, str]]:
    return [(frame.path, frame.line, frame.function) for frame in site.frames]


def _together(rows: list[Data]) -> list[Data]:
    """Put equal rows together, with a count and all names."""
    found: dict[str, Data] = {}
    for row in rows:
        key = repr([row[name] for name in sorted(row) if name not in ("count", "what")])
        first = found.setdefault(key, row | {"count": 0, "names": []})
        first["count"] += row["count"]
        if row["what"] and row["what"] not in first["names"]:
            first["names"].append(row["what"])
    return list(found.values())
