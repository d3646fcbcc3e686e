"""Known upstream leaks, as data: resources that a library opens and drops, so no reader can close them.

An entry matches when the innermost library frames of a birth include its function.  Each names the issue it
stands for, if there is one, and the versions it was seen in, so that it can go when the library has mended
it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .findings import Kind
from .installed import short_path
from .origin import OriginMap
from .stacks import Stack


@dataclass(frozen=True)
class UpstreamLeak:
    """A function of a library that opens a resource which nobody can close."""

    library: str
    kind: Kind
    file: str
    """The end of the file's path."""
    function: str
    issue: str
    """``owner/repository#number`` on GitHub; empty if none is known."""
    seen_in: str
    """The library's versions that have the leak."""

    def describe(self) -> str:
        """As reports name it: the library, and the issue or else the function."""
        return f"{self.library} ({self.issue or f'{self.file} {self.function}'})"


UPSTREAM_LEAKS: Final[tuple[UpstreamLeak, ...]] = (
    # The form parser spools uploads of more than 500 kB to disk.  When parsing fails in the middle, nobody
    # is given the part that was spooled.
    UpstreamLeak(
        "werkzeug",
        "file",
        "werkzeug/formparser.py",
        "parse",
        "",
        "3.0-3.1",
    ),
    # EnvironBuilder encodes large bodies into a temporary file that only ``Client.open`` could close, and
    # ``test_request_context(data=...)`` does not.
    UpstreamLeak(
        "werkzeug", "file", "werkzeug/test.py", "stream_encode_multipart", "pallets/flask#3551", "3.0-3.1"
    ),
)


def known_upstream_leak(
    kind: Kind, stack: Stack, origin: OriginMap, leaks: Iterable[UpstreamLeak] = UPSTREAM_LEAKS
) -> UpstreamLeak | None:
    """The entry whose function is part of a birth's stack, farther in than any frame of the reader's."""
    for code, _ in stack:
        where = origin(code.co_filename)
        if where in ("app", "test"):
            return None
        if where == "library":
            path = short_path(code.co_filename)
            for leak in leaks:
                if leak.kind == kind and path.endswith(leak.file) and code.co_name == leak.function:
                    return leak
    return None
