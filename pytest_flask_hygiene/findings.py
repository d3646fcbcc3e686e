"""The nouns that everything else passes around: owners, sites and findings."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Final, Literal

from . import own_modules

if TYPE_CHECKING:
    from .chains import Chain
    from .marks import AllowLeak

Kind = Literal[
    "response",
    "file",
    "socket",
    "sqlite",
    "subprocess",
    "tempdir",
    "event-loop",
    "thread",
    "context",
    "cycle",
    "other",
]
KINDS: Final[tuple[Kind, ...]] = (
    "response",
    "file",
    "socket",
    "sqlite",
    "subprocess",
    "tempdir",
    "event-loop",
    "thread",
    "context",
    "cycle",
    "other",
)

State = Literal["dropped", "left_open", "cycle"]

#: ``failed``: fails a test or the session.  ``noted``: listed, fails nobody.
#: ``allowed``: a user's decision covers it.  ``library``: counted under a library's name.
Outcome = Literal["failed", "noted", "allowed", "library"]

#: ``Finding.allowed_by`` of what the baseline accepts.
ALLOWED_BY: Final = "the baseline"

When = Literal["setup", "call", "teardown", "session"]


class Owner:
    """The smallest scope that was active when a resource was opened.

    Compared by identity: each run of a test and each set-up of a fixture is an owner of its own.
    ``scope`` is ``"test"``, a fixture's scope, ``"import"``, ``"collection"``, ``"held"`` (what outlives its
    first user: a pool, a cache, a global) or ``"unknown"``; ``"server"`` for the development server.
    """

    __slots__ = (
        "__weakref__",
        "allows",
        "code",
        "ended",
        "failed",
        "inside",
        "line",
        "marks",
        "name",
        "nodeid",
        "opened",
        "path",
        "scope",
        "whole",
        "within",
    )

    def __init__(
        self,
        scope: str,
        name: str,
        *,
        nodeid: str | None = None,
        code: CodeType | None = None,
        path: str = "",
        line: int = 0,
        inside: str = "",
        within: str = "",
    ) -> None:
        self.scope = scope
        self.name = name
        self.nodeid = nodeid
        self.code = code
        self.path = path if code is None else code.co_filename
        self.line = line if code is None else code.co_firstlineno
        self.ended = False
        self.opened = False
        """It has opened something, which may be closed by now."""
        self.failed = False
        """Its test, or its own setup (of a wider scope), did not pass: what turns up later is held by the
        traceback."""
        self.marks: Callable[[], list[AllowLeak]] | None = None
        """The ``allow_leak`` marks of its test."""
        self.inside = inside
        """The ``hygiene.allow()`` block that it is a part of its owner for, as text; see ``blocks.py``."""
        self.within = within
        """The class that defines it, if one does: of a fixture."""
        self.allows: tuple[AllowLeak, ...] = ()
        """What that block allows."""
        self.whole: Owner | None = None
        """The owner that it is a part of."""

    @property
    def is_test(self) -> bool:
        return self.scope == "test"

    @property
    def is_fixture(self) -> bool:
        return self.scope in ("function", "class", "module", "package", "session")

    def is_or_is_part_of(self, owner: Owner) -> bool:
        return self is owner or self.whole is owner

    @property
    def outlives_test(self) -> bool:
        return self.scope in ("class", "module", "package", "session")

    def describe(self) -> str:
        if self.is_test:
            return self.name
        if self.is_fixture:
            return f"{self.scope} fixture {self.name!r}"
        if self.scope == "import":
            return f"the import of {self.name}"
        return self.name

    def __repr__(self) -> str:
        return f"<Owner {self.scope} {self.name}>"


UNKNOWN_OWNER: Final = Owner("unknown", "an unknown place")


class Frame:
    """One frame of a site, as text and numbers only: it keeps nothing of the user's alive.

    This class and the next are not dataclasses, which take a millisecond to make, in every run.
    """

    __slots__ = ("function", "line", "path")

    def __init__(self, path: str, line: int, function: str) -> None:
        self.path = path
        self.line = line
        self.function = function

    @property
    def code(self) -> str:
        """The source line, stripped; empty when the source can't be read."""
        # From Python 3.13 on linecache imports what it needs each time.
        with own_modules():
            return linecache.getline(self.path, self.line).strip()

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Frame)
            and self.line == other.line
            and self.path == other.path
            and self.function == other.function
        )

    def __hash__(self) -> int:
        return hash((self.path, self.line, self.function))

    def __repr__(self) -> str:
        return f"<Frame {self.path}:{self.line} in {self.function}>"


class Site:
    """Where a resource was opened.

    ``frames`` are the reader's own frames, innermost last; ``library`` names the distribution or
    module whose code was innermost, when that was not the reader's; ``innermost`` is the deepest
    frame of all, whosever it is.
    """

    __slots__ = ("frames", "innermost", "library")

    def __init__(
        self, frames: tuple[Frame, ...] = (), library: str = "", innermost: Frame | None = None
    ) -> None:
        self.frames = frames
        self.library = library
        self.innermost = innermost

    @property
    def frame(self) -> Frame | None:
        """The innermost of the reader's frames: where the leak can be mended."""
        return self.frames[-1] if self.frames else None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Site)
            and self.frames == other.frames
            and self.library == other.library
            and self.innermost == other.innermost
        )

    def __hash__(self) -> int:
        return hash((self.frames, self.library, self.innermost))

    def __repr__(self) -> str:
        return f"<Site {self.frames!r}>"


class Finding:
    """One leak."""

    def __init__(
        self,
        kind: Kind,
        state: State,
        owner: Owner,
        site: Site,
        message: str,
        advice: str = "",
        nodeid: str | None = None,
        when: When = "call",
        outcome: Outcome = "noted",
        allowed_by: str = "",
        count: int = 1,
        holder: str = "",
        first_use: str = "",
        upstream: str = "",
        variable: str = "",
        in_tests: bool = False,
        is_leak: bool = False,
        happened: str = "",
        thread: str = "",
        listed_only: bool = False,
        accepted: int = 0,
        known: int = 0,
        chain: Chain | None = None,
    ) -> None:
        self.kind: Kind = kind
        self.state: State = state
        self.owner = owner
        self.site = site
        self.message = message
        self.advice = advice
        self.nodeid = nodeid
        """The test it is charged to; None when no test can be charged with it."""
        self.when: When = when
        self.outcome: Outcome = outcome
        self.allowed_by = allowed_by
        self.count = count
        """How many resources were opened at the same site by the same owner."""
        self.holder = holder
        """What holds a resource that is left open."""
        self.first_use = first_use
        """Who happened to be the first user of what a pool, a cache or a global holds; not to blame."""
        self.upstream = upstream
        """The known upstream leak that explains it; a library has to mend it, not the reader."""
        self.variable = variable
        """A cycle's closing variable; for a library's cycle, its file, function and variable."""
        self.in_tests = in_tests
        """A cycle that only frames of test modules close."""
        self.is_leak = is_leak
        """Fails in mode ``fail``; in mode ``warn`` its outcome is ``noted`` all the same."""
        self.happened = happened
        """What happened to the resource, where the usual words of its kind do not say it."""
        self.thread = thread
        """Of the development server: the thread that it is, or that opened it; empty for the main thread."""
        self.listed_only = listed_only
        """Of the development server: worth knowing, and fails in strict mode only."""
        self.accepted = accepted
        """How many of it the baseline has accepted."""
        self.known = known
        """How many the baseline knows, if there are more of it."""
        self.chain = chain
        """What keeps it alive: the loop of a cycle, or the way from a root to what is left open."""

    def __repr__(self) -> str:
        frame = self.site.frame
        where = "" if frame is None else f" {frame.path}:{frame.line}"
        return f"<Finding {self.kind} {self.state}{where}>"

    @property
    def key(self) -> tuple[object, ...]:
        """Findings with equal keys are one finding with a count, whichever worker they come from."""
        owner = self.owner
        return (
            self.kind,
            self.state,
            # Names alone may be equal: of fixtures in two files, of a test that two classes inherit.
            (owner.scope, owner.name, owner.nodeid, owner.path, owner.line, owner.inside),
            tuple((f.path, f.line) for f in self.site.frames),
            self.variable,
        )
