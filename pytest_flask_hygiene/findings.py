"""The nouns that everything else passes around: owners, sites and findings."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Final, Literal, get_args

from . import own_modules

if TYPE_CHECKING:
    from .heap.chains import Chain
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
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

#: Of a resource that nobody refers to any more; that something still refers to; of an exception cycle.
State = Literal["dropped", "left_open", "cycle"]

#: ``failed``: fails a test or the session.  ``noted``: listed, fails nobody.
#: ``allowed``: a user's decision covers it.  ``library``: counted under a library's name.
Outcome = Literal["failed", "noted", "allowed", "library"]

#: How the message of a cycle begins that keeps a traceback alive whose exception is gone.
A_TRACEBACK: Final = "a traceback"

#: ``Finding.allowed_by`` of what the baseline accepts.
ALLOWED_BY: Final = "the baseline"

#: The report that tells of a finding; ``session``: none did, so it is listed outside tests.
When = Literal["call", "teardown", "session"]


class Owner:
    """The smallest scope that was active when a resource was opened.

    Owners are compared by identity: each run of a test and each set-up of a fixture is an owner of its own.
    """

    __slots__ = (
        "__weakref__",
        "allows",
        "class_name",
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
        class_name: str = "",
    ) -> None:
        self.scope = scope
        """``test``; a fixture's scope; ``import``; ``collection``; ``held``: what outlives its first user (a
        pool, a cache, a global); ``server``: the development server; ``unknown``."""
        self.name = name
        self.nodeid = nodeid
        """Of the test, or of the test that a function fixture was set up for."""
        self.code = code
        """Of a fixture's function: tells whether its frame is part of a cycle."""
        self.path = path if code is None else code.co_filename
        self.line = line if code is None else code.co_firstlineno
        self.class_name = class_name
        """Of a fixture: the class that defines it, if one does."""
        self.ended = False
        """A fixture of a wider scope has run its finalizers."""
        self.opened = False
        """It has opened something, which may be closed by now."""
        self.failed = False
        """Its test, or its own setup (of a wider scope), did not pass: what turns up later is held by the
        traceback."""
        self.marks: Callable[[], list[AllowLeak]] | None = None
        """Reads the ``allow_leak`` marks that cover it."""
        # While a test is inside a ``hygiene.allow()`` block, a part of its owner takes the owner's place.
        self.whole: Owner | None = None
        """The owner that this is a part of; None for a whole one."""
        self.inside = inside
        """The blocks that this part is inside of, as text, which tells parts of one owner apart."""
        self.allows: tuple[AllowLeak, ...] = ()
        """What those blocks allow."""

    @property
    def is_test(self) -> bool:
        """Whether it is a test, with its ``setUp``, ``addCleanup`` and the like."""
        return self.scope == "test"

    @property
    def is_fixture(self) -> bool:
        return self.scope in ("function", "class", "module", "package", "session")

    @property
    def outlives_test(self) -> bool:
        """Whether it is a fixture that several tests may share."""
        return self.scope in ("class", "module", "package", "session")

    def is_or_is_part_of(self, owner: Owner) -> bool:
        """Whether it is this owner, or the part of it that is inside ``hygiene.allow()`` blocks."""
        return self is owner or self.whole is owner

    def describe(self) -> str:
        """As messages name it: ``test_stock``, ``session fixture 'app'``, ``the import of shop/db.py``."""
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

    Neither this class nor the next is a dataclass: those take a millisecond to make, in every run.
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
    """One leak, as text and numbers only: it keeps nothing of the user's alive."""

    def __init__(
        self,
        kind: Kind,
        state: State,
        owner: Owner,
        site: Site,
        message: str,
        *,
        variable: str = "",
        count: int = 1,
    ) -> None:
        self.kind: Kind = kind
        self.state: State = state
        self.owner = owner
        self.site = site
        self.message = message
        """What was opened, or which exception is kept alive; may be empty."""
        self.count = count
        """How many resources were opened at the same site by the same owner."""
        self.variable = variable
        """A cycle's closing variable; for a library's cycle, its file, function and variable."""
        self.in_tests = False
        """A cycle that only frames of test modules close."""

        # What can be said of it.
        self.advice = ""
        self.happened = ""
        """What happened to the resource, where the usual words of its kind do not say it."""
        self.holder = ""
        """What holds a resource that is left open."""
        self.first_use = ""
        """Who happened to be the first user of what a pool, a cache or a global holds; not to blame."""
        self.chain: Chain | None = None
        """What keeps it alive: the loop of a cycle, or the way from a root to what is left open."""
        self.upstream = ""
        """The known upstream leak that explains it; a library has to mend it, not the reader."""

        # What becomes of it.
        self.nodeid: str | None = None
        """The test it is charged to; None when no test can be charged with it."""
        self.when: When = "call"
        self.outcome: Outcome = "noted"
        self.is_leak = False
        """Fails in mode ``fail``; in mode ``warn`` its outcome is ``noted`` all the same."""
        self.allowed_by = ""
        """The reason that the user gave, or which decision it was; empty if it is not allowed."""
        self.accepted = 0
        """How many of ``count`` the baseline has accepted."""
        self.known = 0
        """How many the baseline knows, if there are more than that."""

        # Of the development server alone.
        self.thread = ""
        """The thread that it is, or that opened it; empty for the main thread."""
        self.listed_only = False
        """Worth knowing, and fails in strict mode only."""

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
