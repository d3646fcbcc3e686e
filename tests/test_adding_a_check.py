"""The check that ``docs/adding-a-check.md`` adds as an example can still be added, and its tests pass."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from doc_examples import EXAMPLES, ROOT, files_shown

EXAMPLE = EXAMPLES / "adding_a_check"
PACKAGE = "pytest_flask_hygiene"


def apply(diff: str, root: Path) -> None:
    """Without line numbers: what a hunk replaces must be there, and once only."""
    for part in re.split(r"^--- .*\n\+\+\+ (?=.*\n)", diff, flags=re.MULTILINE)[1:]:
        name, _, hunks = part.partition("\n")
        path = root / name.strip()
        text = path.read_text("utf-8")
        for hunk in hunks.split("@@\n")[1:]:
            lines = hunk.splitlines(keepends=True)
            old = "".join(line[1:] for line in lines if not line.startswith("+"))
            new = "".join(line[1:] for line in lines if not line.startswith("-"))
            assert text.count(old) == 1, f"{name}: the example's diff does not fit any more:\n{hunk}"
            text = text.replace(old, new)
        path.write_text(text, "utf-8")


def test_example_check_can_be_added_as_the_page_says(tmp_path):
    shutil.copytree(ROOT / PACKAGE, tmp_path / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(EXAMPLE / "working_directory.py", tmp_path / PACKAGE / "checks")
    apply((EXAMPLE / "wiring.diff").read_text("utf-8"), tmp_path)
    tests = tmp_path / "tests"
    tests.mkdir()
    for file in (
        ROOT / "tests" / "conftest.py",
        ROOT / "tests" / "collections_of_inner_runs.py",
        EXAMPLE / "test_working_directory.py",
    ):
        shutil.copy(file, tests)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = str(tmp_path)
    check = f"import {PACKAGE}; assert {PACKAGE}.__file__.startswith({str(tmp_path)!r})"
    (tests / "test_here.py").write_text(f"def test_copy():\n    {check}\n", "utf-8")
    without = [arg for name in ("cacheprovider", "randomly", "asyncio") for arg in ("-p", f"no:{name}")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *without, "tests"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^4 passed", done.stdout, re.MULTILINE)


def test_page_shows_each_file_of_the_example():
    assert files_shown(ROOT / "docs" / "adding-a-check.md") == {
        path for path in EXAMPLE.iterdir() if path.is_file()
    }
