"""For ``--hygiene-explain``: what was opened in one test, and in which phase of it that ended.

A journal has text, code objects, numbers and weak references: nothing of the user's lives longer because of
it.  Nobody tells when something is closed, so each resource is looked at when a phase of the test is over.

Loaded only where a test is to be explained.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from .. import own_modules
from ..birth import Birth
from ..checks.left_open import is_open_object, still_refers_to
from ..findings import Finding, Kind, Owner
from ..stacks import Stack, request_of
from ..threads import is_alive

if TYPE_CHECKING:
    from ..ledger import Attempt
    from ..marks import AllowLeak
    from ..run import Run

#: ``reported``: after the report of the test's teardown; ``session``: when the session ends.
Phase = Literal["setup", "call", "teardown", "reported", "session"]

#: What became of a resource, where that was seen.  ``closed_for_test``: a response; ``given_up``: one that
#: was dropped before; ``upload``: an upload's temporary file.  ``recorded``: a recorder in the test got the
#: warning; ``silenced``: a filter of the user's hid it.
Fate = Literal["", "closed_for_test", "given_up", "upload", "recorded", "silenced"]

#: So many resources, and as many responses, are noted.
_MAX_ENTRIES: Final = 2_000
#: So many descriptors or ids of one resource are noted: a pool of connections has several.
_MAX_NUMBERS: Final = 100

#: What Python's own warnings say, as far as that is known without the object; compared with the filters.
_WARNINGS: Final = {
    "file": "unclosed file <_io.TextIOWrapper name={path!r} mode='r' encoding='UTF-8'>",
    "socket": "unclosed <socket.socket fd=0>",
    "sqlite": "unclosed database in <sqlite3.Connection object at 0x0>",
    "subprocess": "subprocess 1 is still running",
    "tempdir": "Implicitly cleaning up <TemporaryDirectory {path!r}>",
    "event-loop": "unclosed event loop <_UnixSelectorEventLoop running=False closed=False debug=False>",
}


class Entry:
    """One resource that the test or one of its fixtures has opened."""

    __slots__ = (
        "birth",
        "body",
        "ended",
        "fate",
        "findings",
        "hidden_by",
        "is_gone",
        "kind",
        "name",
        "numbers",
        "owner",
        "stack",
    )

    def __init__(self, kind: Kind, owner: Owner, stack: Stack, birth: Birth | None = None) -> None:
        self.kind: Kind = kind
        self.owner = owner
        """Whoever opened it.  The birth's owner may be another by now."""
        self.stack = stack
        self.birth = birth
        """None for a response, which has a body instead."""
        self.body: Callable[[], Any] | None = None
        """A weak reference to the response's body."""
        self.name = ""
        """The file's, where the birth does not have it: ``os.fdopen(os.open(name))``."""
        self.numbers: set[int] = set()
        """A file's descriptors, or a connection's ids."""
        self.ended: Phase | None = None
        """The phase in which it turned out to be closed; None while it is open."""
        self.fate: Fate = ""
        self.hidden_by = ""
        """The warning filter that would have hidden it, had it been dropped."""
        self.is_gone = False
        """There is no file of that name any more, or there never was."""
        self.findings: list[tuple[Finding, Phase]] = []
        """What was found about it, and when."""


class Journal:
    """One run of one test."""

    def __init__(self, attempt: Attempt) -> None:
        self.nodeid = attempt.nodeid
        self.phase: Phase = "setup"
        self.failed = False
        """The test did not pass by itself."""
        self.marks: list[AllowLeak] = []
        """The test's ``allow_leak`` marks."""
        self.library_edges: list[str] = []
        """What closes the exception cycles of libraries."""
        self.findings: list[tuple[Finding, Phase]] = []
        """Findings about no resource that has an entry: exception cycles, other warnings."""
        self.left_out = 0
        """How many resources were not noted, since there were too many."""
        self._attempt: Attempt | None = attempt
        self._births: dict[Birth, Entry] = {}
        self._bodies: list[Entry] = []

    def close(self) -> None:
        """The test has been reported: what it has opened is looked at again, and nothing new is noted."""
        self._attempt = None
        self.phase = "reported"

    @property
    def entries(self) -> list[Entry]:
        """All resources that were noted; responses come last."""
        return [*self._births.values(), *self._bodies]

    @property
    def is_open(self) -> bool:
        """Whether new births are noted."""
        return self._attempt is not None

    def of_birth(self, birth: Birth | None) -> Entry | None:
        """The entry of this birth, if it is noted here."""
        return None if birth is None else self._births.get(birth)

    def of_response(self, request: Stack) -> Entry | None:
        """The response to a request that was made at this place and that is not known to have ended."""
        for entry in self._bodies:
            if request_of(entry.stack) == request_of(request) and not entry.fate:
                return entry
        return None

    # -- what is opened ------------------------------------------------------------------------

    def born(self, birth: Birth, number: int | None = None, before: Birth | None = None) -> None:
        """Note a resource.  ``number``: its descriptor or id; ``before``: what had that number until now."""
        entry = self._births.get(birth)
        if entry is None:
            attempt = self._attempt
            if attempt is None or not attempt.owns(birth.owner):
                return
            if len(self._births) >= _MAX_ENTRIES:
                self.left_out += 1
                return
            entry = self._births[birth] = Entry(birth.kind, birth.owner, birth.stack, birth)
            if before in self._births and _is_the_same(before, birth):
                first = self._births.pop(before)
                entry.name, entry.stack = first.name or before.describe(), first.stack
        if number is not None and len(entry.numbers) < _MAX_NUMBERS:
            entry.numbers.add(number)

    def responded(self, body: Any, reference: Callable[[], Any]) -> None:
        """Note a streamed response.  ``reference``: a weak one to its body."""
        attempt = self._attempt
        if attempt is not None and attempt.owns(body.owner):
            if len(self._bodies) >= _MAX_ENTRIES:
                self.left_out += 1
                return
            entry = Entry("response", body.owner, body.stack)
            entry.body = reference
            self._bodies.append(entry)

    # -- what ends -----------------------------------------------------------------------------

    def look(self, run: Run) -> None:
        """The phase is over: whatever is not open any more has ended in it."""
        pending = [entry for entry in self.entries if entry.ended is None and not entry.findings]
        connections = _open_connections(pending, run)
        pushed = {birth for _, birth, _ in run.contexts.pushes()}
        for entry in pending:
            if entry.fate or not _is_open(entry, run, connections, pushed):
                entry.ended = self.phase
                entry.is_gone = (
                    entry.kind == "file" and entry.birth is not None and _is_gone(entry.birth.path)
                )
                if not entry.fate and entry.kind in _WARNINGS and self.is_open:
                    entry.hidden_by = filter_that_hides(entry)


def _is_the_same(before: Birth, birth: Birth) -> bool:
    """Whether it was opened in two steps, under one number: ``os.fdopen(os.open())``, ``open(opener=)``."""
    if type(birth.path) is int:
        return True
    outer = before.stack
    return birth.raw and birth.path == before.path and birth.stack[-len(outer) :] == outer


def _is_gone(path: object) -> bool:
    return isinstance(path, str) and not os.path.lexists(path)


def _is_open(entry: Entry, run: Run, connections: set[Birth], pushed: set[Birth]) -> bool:
    birth = entry.birth
    if birth is None:
        body = None if entry.body is None else entry.body()
        return body is not None and bool(body.is_open)
    if birth.kind == "context":
        return birth in pushed
    if birth.kind == "sqlite":
        return birth in connections
    if birth.kind == "tempdir":
        return isinstance(birth.path, str) and os.path.isdir(birth.path)
    if birth.ref is not None:
        thing = birth.ref()
        if birth.kind == "thread":
            return thing is not None and is_alive(thing)
        return thing is not None and is_open_object(birth, thing)
    # Without a descriptor it can't be told.
    return not entry.numbers or any(_is_open_file(birth, number, run) for number in entry.numbers)


def _is_open_file(birth: Birth, descriptor: int, run: Run) -> bool:
    if run.births.by_descriptor.get(descriptor) is not birth:
        # Another file has the descriptor.
        return False
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    # Something that is not audited may have it: a pipe, an accepted connection.
    return not (isinstance(birth.path, str) and sys.platform == "linux") or still_refers_to(
        descriptor, birth.path
    )


def _open_connections(entries: list[Entry], run: Run) -> set[Birth]:
    births = {n: e.birth for e in entries if e.kind == "sqlite" and e.birth for n in e.numbers}
    by_id = run.births.by_id
    wanted = {number for number, birth in births.items() if by_id.get(number) is birth}
    if not wanted:
        return set()
    import sqlite3

    with own_modules():
        from ..checks.sqlite import is_open
        from ..heap.objects import objects_by_id
    return {
        births[id(thing)]
        for thing in objects_by_id(wanted)
        if issubclass(type(thing), sqlite3.Connection) and is_open(thing)
    }


def filter_that_hides(entry: Entry) -> str:
    """The filter of the user's that ignores such a warning, or may do so (one for a module or a line)."""
    path = entry.birth.path if entry.birth is not None else ""
    text = _WARNINGS[entry.kind].format(path=path)
    filters: list[tuple[Any, ...]] = list(warnings.filters)
    for each in filters:
        action, message, category, module, line = each[:5]
        if issubclass(ResourceWarning, category) and (message is None or message.match(text)):
            anywhere = module is None and line == 0
            if action == "ignore":
                parts = [action, _pattern(message), category.__name__, _pattern(module), str(line or "")]
                return ":".join(parts).rstrip(":")
            if anywhere:
                return ""
    return ""


def _pattern(compiled: Any) -> str:
    return "" if compiled is None else str(getattr(compiled, "pattern", compiled))
