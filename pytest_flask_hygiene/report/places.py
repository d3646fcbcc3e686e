"""From the paths that a report shows back to the files, for those who may see them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from ..findings import Finding
from .source_lines import CONTROL, Line, lines_around
from .text import printable, relative

if TYPE_CHECKING:
    from ..editor import Editor


_LAST_PARTS: Final = 3


class Places:
    """``files``: where the file is that a report shows by this name.  ``editor``: makes links, if given."""

    def __init__(self, files: dict[str, str], editor: Editor | None = None) -> None:
        self._files = files
        self._editor = editor
        home = os.path.expanduser("~")
        # Root's own, and none.
        self._home = re.compile(rf"(?<![\\w.~-]){re.escape(home)}(?![\\w.-])") if len(home) > 1 else None
        self.lines = lru_cache(maxsize=None)(self._lines)
        self.link = lru_cache(maxsize=None)(self._link)

    def _lines(self, path: str, line: int) -> tuple[Line, ...]:
        file = self._files.get(path)
        return lines_around(file, line) if file is not None else ()

    def _link(self, path: str, line: int) -> str:
        file = self._files.get(path)
        if self._editor is None or file is None or file.startswith("<"):
            return ""
        return self._editor.link(file, line)

    def path(self, path: str) -> str:
        """As it may be shown: of a file outside of rootdir and of every install directory, only the end."""
        text = self.private(path)
        if not PurePath(text).is_absolute():
            return text
        return "/".join(("...", *PurePath(text).parts[-_LAST_PARTS:]))

    def private(self, text: str) -> str:
        """Without the name of the user's home directory, and without what HTML has no way to write."""
        text = text.translate(CONTROL)
        return self._home.sub("~", text) if self._home is not None else text


def shown_files(findings: Iterable[Finding], root: Path) -> dict[str, str]:
    """By the names that ``report/data.py`` gives them."""
    paths = set()
    for finding in findings:
        paths.add(finding.owner.path)
        paths.update(frame.path for frame in finding.site.frames)
    return {printable(relative(path, root)): path for path in paths if path}
