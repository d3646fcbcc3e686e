"""Runs the examples of the documentation, and compares what they print with what its pages show.

``UPDATE_DOCS=1 pytest tests/test_docs.py tests/test_reload_stories.py`` writes what they show anew.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "docs" / "examples"

_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".pytest_cache", "*.sqlite")


def run_example(example: Path, target: Path, *args: str) -> str:
    """Run an example's tests in a copy; the parts that differ from run to run are made the same."""
    copy = target / example.name
    shutil.copytree(example, copy, ignore=_NOT_COPIED)
    switched_off = [arg for name in ("randomly", "asyncio", "cacheprovider") for arg in ("-p", f"no:{name}")]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
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


def files_shown(page: Path) -> set[Path]:
    """The files that a page includes, and so can't show in another state than they are in."""
    includes = re.findall(r"^```\{literalinclude\} (\S+)$", page.read_text("utf-8"), re.MULTILINE)
    return {(page.parent / name).resolve() for name in includes}
