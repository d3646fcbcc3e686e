"""The ini option ``hygiene_editor``: links, in the HTML report, that open an editor.

Loaded only where the option is set.
"""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import quote

from .usage import usage_error

OPTION: Final = "hygiene_editor (ini file)"

#: Only editors that open such URLs without an extension, and whose makers say so: see ``docs/reports.md``.
EDITORS: Final[dict[str, str]] = {
    "vscode": "vscode://file/{path}:{line}",
    "pycharm": "pycharm://open?file={path}&line={line}",
    "idea": "idea://open?file={path}&line={line}",
    "macvim": "mvim://open?url=file://{path}&line={line}",
    "textmate": "txmt://open?url=file://{path}&line={line}",
}

#: Their URLs have another one in them, and both are decoded.
_DECODE_TWICE: Final = ("macvim", "textmate")
#: Schemes of URLs with which a link runs code.
_UNSAFE: Final = ("javascript", "data", "vbscript", "blob")
#: A template that has the slash already with which an absolute path begins.
_SLASH_IS_THERE: Final = re.compile(r"[^/]/\{path\}|:///\{path\}")


class Editor:
    """Makes links.

    ``value``: the name of an editor, or a URL with ``{path}`` and ``{line}``.  Raises
    :class:`pytest.UsageError` for any other.
    """

    def __init__(self, value: str) -> None:
        self._template = EDITORS.get(value, value)
        problem = _problem(self._template)
        if problem:
            raise usage_error(f"{OPTION}: {value!r} {problem}")
        self._twice = value in _DECODE_TWICE
        self._relative = _SLASH_IS_THERE.search(self._template) is not None

    def link(self, path: str, line: int) -> str:
        """A URL.  ``path``: as a frame has it; the URL has the absolute path, as the file system's bytes."""
        full = os.path.abspath(path).replace(os.sep, "/")
        if self._relative:
            full = full.lstrip("/")
        # The colon of a Windows drive stays.
        text = quote(os.fsencode(full), safe="/:")
        if self._twice:
            text = quote(text, safe="/:")
        return self._template.replace("{path}", text).replace("{line}", str(max(line, 1)))


def _problem(template: str) -> str:
    """What is wrong with it, behind the value in the usage error; empty if nothing is."""
    names = ", ".join(EDITORS)
    right = f"a URL with {{path}} and {{line}}, such as {EDITORS['vscode']}"
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", template)
    if scheme is None:
        return f"is neither one of {names} nor {right}"
    if scheme[1].lower() in _UNSAFE:
        return f"would run what the address says ({scheme[1]}:); it must be {right}"
    if "{path}" not in template:
        return f"has no {{path}}; it must be {right}"
    unknown = set(re.findall(r"\{[^{}]*\}", template)) - {"{path}", "{line}"}
    if unknown:
        return f"has {sorted(unknown)[0]}, which means nothing here; it must be {right}"
    if re.search(r"[\s\x00-\x1f\"<>]", template):
        return f"has blanks, quotes or angle brackets, which no URL has; it must be {right}"
    return ""
