"""Runs the examples of the documentation, and compares what they print with what its pages show.

``UPDATE_DOCS=1 pytest tests/test_docs.py tests/test_reload_stories.py`` writes what they show anew;
``UPDATE_DOCS=1 pytest tests/test_doc_pages.py`` does so for the files that pages show.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"

_LANGUAGES = {".py": "python", ".diff": "diff"}

_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".pytest_cache", "*.sqlite")


def run_example(example: Path, target: Path, *args: str) -> str:
    """Run an example's tests in a copy; the parts that differ from run to run are made the same."""
    copy = target / example.name
    shutil.copytree(example, copy, ignore=_NOT_COPIED)
    switched_off = [arg for name in ("randomly", "asyncio", "cacheprovider") for arg in ("-p", f"no:{name}")]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    # There pytest prints all of a message.
    for name in ("CI", "BUILD_NUMBER"):
        environment.pop(name, None)
    environment["COLUMNS"] = "100"
    # Not the directory that every other run of pytest on this machine clears up.
    environment["PYTEST_DEBUG_TEMPROOT"] = str(target)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *switched_off, *args],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    text = re.sub(r"in \d+\.\d+s", "in 0.12s", done.stdout)
    # Shown in a quiet run if the machine is busy.
    text = re.sub(r"^checks: .*\n", "", text, flags=re.MULTILINE) if "-q" in args else text
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def as_block(text: str, language: str) -> str:
    """As it stands between two comments of a page."""
    return f"\n```{language}\n{text}```\n\n"


def assert_page_shows(page: Path, block: str, name: str = "output") -> None:
    """Between the comments of this name; with ``UPDATE_DOCS`` set, write it there."""
    text = page.read_text("utf-8")
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    before, _, rest = text.partition(begin)
    current, _, after = rest.partition(end)
    assert end in rest, f"{page.name} has no block between {begin!r} and {end!r}"
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(before + begin + block + end + after, "utf-8")
        current = block
    assert current == block


def failure_block(output: str) -> str:
    """Of what pytest prints: the text of its one failure."""
    (text,) = re.findall(r"^hygiene: [^\n]+ left \d.*?(?=^=)", output, re.MULTILINE | re.DOTALL)
    return text


def shown_parts(page: Path) -> list[str]:
    """The names of blocks that show a file, ``examples/a.py``, or a function of it, ``examples/a.py::f``."""
    return re.findall(r"^<!-- (examples/\S+):begin -->$", page.read_text("utf-8"), re.MULTILINE)


def files_shown(page: Path) -> set[Path]:
    return {DOCS / name.partition("::")[0] for name in shown_parts(page)}


def as_file_block(name: str) -> str:
    """What stands between the comments of such a name."""
    file, _, function = name.partition("::")
    text = (DOCS / file).read_text("utf-8")
    if function:
        (node,) = [node for node in ast.parse(text).body if getattr(node, "name", "") == function]
        first = min(part.lineno for part in (node, *node.decorator_list))
        text = "".join(text.splitlines(keepends=True)[first - 1 : node.end_lineno])
    return as_block(text, _LANGUAGES[Path(file).suffix])
