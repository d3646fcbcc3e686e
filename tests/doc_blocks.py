"""The code blocks of README and of the documentation: fenced ones, and indented ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from doc_examples import DOCS, ROOT

#: Every page, also of those examples that have one.
PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md")))

_BEGIN = re.compile(r"<!-- (\S+):begin -->$")
_END = re.compile(r"<!-- (\S+):end -->$")
_FENCE = re.compile(r" *(`{3,}|~{3,})(.*)$")


@dataclass(frozen=True)
class Block:
    page: str
    """Relative to the project's root."""
    line: int
    """Of its first line of text, from 1."""
    marker: str
    """The name in the comments around it; may be empty."""
    language: str
    """Of a fence; empty for an indented block."""
    text: str
    """Without the fence, and without the indentation of an indented block."""

    @property
    def title(self) -> str:
        """What claims are made about: ``<!-- name -->``, ``ini: [pytest]``, ``indented: pytest -n auto``."""
        if self.marker:
            return f"<!-- {self.marker} -->"
        return f"{self.language or 'indented'}: {self.text}"


def blocks_of(path: Path) -> Iterator[Block]:
    """All blocks of a page, in their order.  Raises AssertionError where a fence or a comment has no end."""
    page = path.relative_to(ROOT).as_posix()
    lines = path.read_text("utf-8").splitlines()
    marker = ""
    number = 0
    while number < len(lines):
        line = lines[number]
        if begin := _BEGIN.match(line):
            assert not marker, f"{page}:{number + 1}: inside {marker!r}"
            marker = begin[1]
        elif end := _END.match(line):
            assert end[1] == marker, f"{page}:{number + 1}: ends {marker!r}"
            marker = ""
        elif fence := _FENCE.match(line):
            last = number + 1
            while lines[last].strip() != fence[1]:
                last += 1
            text = "".join(f"{each}\n" for each in lines[number + 1 : last])
            yield Block(page, number + 2, marker, fence[2], text)
            number = last
        elif line.startswith("    ") and number and not lines[number - 1].strip():
            width = len(line) - len(line.lstrip())
            last = number
            while last < len(lines) and (lines[last].startswith(" " * width) or not lines[last].strip()):
                last += 1
            text = "\n".join(each[width:] for each in lines[number:last]).rstrip("\n") + "\n"
            yield Block(page, number + 1, marker, "", text)
            number = last - 1
        number += 1
    assert not marker, f"{page}: {marker!r} has no end"


def the_block(page: str, title: str) -> Block:
    """The one whose title begins so."""
    (found,) = [block for block in blocks_of(ROOT / page) if block.title.startswith(title)]
    return found


def commands_of(page: str, program: str) -> list[str]:
    """What a page tells the reader to type: the lines of indented blocks that begin with this program."""
    return [
        line.partition("  #")[0].strip()
        for block in blocks_of(ROOT / page)
        if not block.language
        for line in block.text.splitlines()
        if line.startswith(f"{program} ")
    ]
