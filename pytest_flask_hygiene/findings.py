"""The nouns that everything else passes around: owners, sites and findings."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from .settings import AllowLeak

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

When = Literal["setup", "call", "teardown", "session"]


class Owner:
    """The smallest scope that was active when a resource was opened.

    Compared by identity: each run of a test and each set-up of a fixture is an owner of its own.
    ``scope`` is ``"test"``, a fixture's scope, ``"import"``, ``"collection"``, ``"held"`` (what outlives its
    first user: a pool, a cache, a global) or ``"unknown"``.
    """

    __slots__ = (
        "__weakref__",
        "code",
        "ended",
        "failed",
        "line",
        "marks",
        "name",
        "nodeid",
        "opened",
        "path",
        "scope",
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
        """Its test did not pass by itself: what turns up later is held by the traceback."""
        self.marks: Callable[[], list[AllowLeak]] | None = None
        """The ``allow_leak`` marks of its test."""

    @property
    def is_test(self) -> bool:
        return self.scope == "test"

    @property
    def is_fixture(self) -> bool:
        return self.scope in ("function", "class", "module", "package", "session")

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


@dataclass(frozen=True)
class Frame:
    """One frame of a site, as text and numbers only: it keeps nothing of the user's alive."""

    path: str
    line: int
    function: str

    @property
    def code(self) -> str:
        """The source line, stripped; empty when the source can't be read."""
        return linecache.getline(self.path, self.line).strip()


@dataclass(frozen=True)
class Site:
    """Where a resource was opened.

    ``frames`` are the reader's own frames, innermost last; ``library`` names the distribution or
    module whose code was innermost, when that was not the reader's; ``innermost`` is the deepest
    frame of all, whosever it is.
    """

    frames: tuple[Frame, ...] = ()
    library: str = ""
    innermost: Frame | None = None

    @property
    def frame(self) -> Frame | None:
        """The innermost of the reader's frames: where the leak can be mended."""
        return self.frames[-1] if self.frames else None


@dataclass
class Finding:
    """One leak."""

    kind: Kind
    state: State
    owner: Owner
    site: Site
    message: str
    advice: str = ""
    nodeid: str | None = None
    """The test it is charged to; None when no test can be charged with it."""
    when: When = "call"
    outcome: Outcome = "noted"
    allowed_by: str = ""
    count: int = 1
    """How many resources were opened at the same site by the same owner."""
    holder: str = ""
    """What holds a resource that is left open."""
    first_use: str = ""
    """Who happened to be the first user of what a pool, a cache or a global holds; not to blame."""
    upstream: str = ""
    """The known upstream leak that explains it; a library has to mend it, not the reader."""
    variable: str = ""
    """A cycle's closing variable; for a library's cycle, its file, function and variable."""
    in_tests: bool = False
    """A cycle that only frames of test modules close."""
    is_leak: bool = False
    """Fails in mode ``fail``; in mode ``warn`` its outcome is ``noted`` all the same."""

    @property
    def key(self) -> tuple[object, ...]:
        """Findings with equal keys are one finding with a count, whichever worker they come from."""
        owner = self.owner
        return (
            self.kind,
            self.state,
            # Names alone may be equal: of fixtures in two files, of a test that two classes inherit.
            (owner.scope, owner.name, owner.nodeid, owner.path, owner.line),
            tuple((f.path, f.line) for f in self.site.frames),
            self.variable,
        )
