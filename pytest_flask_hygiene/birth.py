"""The opening of one resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from .files import TEMPFILE
from .findings import Finding, Kind, Owner
from .stacks import Stack

#: The ``path`` of a birth that stands for the pool of a SQLAlchemy engine.
ENGINE: Final = "SQLAlchemy engine"

#: What a file is for, if it is closed for the test: ``upload``, the temporary file of a large request;
#: ``response``, the body of a response.  The latter is ``replaced`` when an extension has given the response
#: another body, and ``dropped`` when it was freed before the response ended.
Served = Literal["", "response", "replaced", "dropped", "upload"]


class Birth:
    """The opening of one resource: by whom, where, and what has become known of the resource since."""

    __slots__ = ("finding", "kind", "owner", "path", "raw", "ref", "reported", "served", "stack")

    def __init__(self, kind: Kind, owner: Owner, stack: Stack, path: object = None) -> None:
        self.kind: Kind = kind
        self.owner = owner
        if kind != "context":
            owner.opened = True
        self.stack = stack
        self.path = path
        """A file's or directory's name, a descriptor's number, or None."""
        self.raw = False
        """It is a bare descriptor (of ``os.open`` or a mapping), and may be open without any file object."""
        self.ref: Callable[[], Any] | None = None
        """A weak reference to the object; None where there can be none."""
        self.reported = False
        """There is a finding of it, or it was counted; or it is known to be of no interest."""
        self.finding: Finding | None = None
        """The finding, as long as that may change: what is left open now may be dropped later."""
        self.served: Served = ""

    @property
    def was_sent(self) -> bool:
        """Whether it is, or was, the file behind a response."""
        return self.served in ("response", "replaced", "dropped")

    def hand_over(self, owner: Owner) -> None:
        """Another owner is to answer for it: the fixture whose value holds it."""
        self.owner = owner
        owner.opened = True

    def is_open(self, thing: Any) -> bool | None:  # noqa: ARG002
        """Whether the object is open, of a type that a plugin has named; None for our own kinds."""
        return None

    def explain(self, finding: Finding) -> None:
        """Add words to a finding whose kind does not say it all; for types that a plugin has named."""

    def describe(self, text: str = "") -> str:
        """What was opened, if it has a name or is of a special sort; else ``text``."""
        if self.path == ENGINE:
            return "a connection in the pool of a SQLAlchemy engine that was never disposed of"
        if self.kind == "file" and self.stack and self.stack[0][0].co_filename == TEMPFILE:
            return "a temporary file"
        if self.kind in ("file", "tempdir") and isinstance(self.path, str):
            return self.path
        return text
