"""What the HTML report shows of a path, and of the file that it leads to: source lines, and editor links."""

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


#: Of a path that is shown without its beginning.
_LAST_PARTS: Final = 3


class Places:
    """``files``: the path of each file, by the name that the report has for it.  ``editor``: makes links."""

    def __init__(self, files: dict[str, str], editor: Editor | None = None) -> None:
        self._files = files
        self._editor = editor
        home = os.path.expanduser("~")
        # Where it is "/", or not known, there is no name to hide.
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
        """The path as it may be shown: only its end, if it is in neither rootdir nor an install directory."""
        text = self.private(path)
        if not PurePath(text).is_absolute():
            return text
        return "/".join(("...", *PurePath(text).parts[-_LAST_PARTS:]))

    def private(self, text: str) -> str:
        """The text without the user's home directory, and without control characters."""
        text = text.translate(CONTROL)
        return self._home.sub("~", text) if self._home is not None else text


def shown_files(findings: Iterable[Finding], root: Path) -> dict[str, str]:
    """The paths of the files that findings name, by the names that ``report/data.py`` gives them."""
    paths = set()
    for finding in findings:
        paths.add(finding.owner.path)
        paths.update(frame.path for frame in finding.site.frames)
    return {printable(relative(path, root)): path for path in paths if path}
