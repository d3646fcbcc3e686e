"""Turn the plugin on in a suite, step by step, and write what is printed into docs/adopting.md.

    python docs/examples/adopting/transcript.py SOURCE INTERPRETER

SOURCE is an unpacked source distribution that ``stories.py`` knows by the beginning of its name; it is
copied.  INTERPRETER has pytest, this plugin, and what the suite needs.  Each exit status is checked.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from stories import PRINTED, STORIES, Step, Story

PAGE = Path(__file__).resolve().parents[2] / "adopting.md"
HINT = "to accept these leaks for now, and fail only for new ones:"

_SWITCHED_OFF = " ".join(
    f"-p no:{name}" for name in ("randomly", "asyncio", "anyio", "flask", "cacheprovider")
)
_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".pytest_cache", "*.sqlite")
_MOST_ENTRIES = 3
#: Lines of the short summary, or of a report, that are shown of many alike.
_MOST_ALIKE = 2


def play(story: Story, source: Path, interpreter: str, target: Path) -> Iterator[tuple[str, str, str]]:
    """Do the steps in ``target``; give the blocks of the page: name, language and text.

    Raise :class:`AssertionError` where pytest's exit status or an edit is not as the story has it.
    """
    shutil.copytree(source, target, ignore=_NOT_COPIED)
    _edit(target, story.prepare)
    printed = ""
    for step in story.steps:
        before = _edit(target, step.edits)
        if step.edits and not step.undo:
            yield f"{step.name}-edit", "diff", _diff(target, before)
        if step.command:
            command = printed if step.command == PRINTED else f"pytest {step.command}"
            output = run_step(story, command, interpreter, target, step)
            printed = _printed_command(output) or printed
            yield (
                step.name,
                "text",
                f"$ {command}\n{_cut(output, step.since, target)}(exit status {step.status})\n",
            )
        if step.name == "baseline":
            yield "file", "text", _cut_baseline(target / story.baseline)
        if step.undo:
            for name, text in before.items():
                (target / name).write_text(text, "utf-8")


def versions(story: Story, interpreter: str) -> str:
    """A paragraph with the version of everything that matters."""
    names = ["pytest", "flask", *story.distributions, "pytest-flask-hygiene"]
    program = (
        "import importlib.metadata as m, platform, sys\n"
        "print('Python', platform.python_version())\n"
        "for name in sys.argv[1:]: print(m.metadata(name)['Name'], m.version(name))\n"
    )
    lines = subprocess.run(
        [interpreter, "-c", program, *names], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return f"\n{', '.join(lines)}\n\n"


def write_block(page: Path, name: str, block: str) -> None:
    """Between the comments of this name, if the page has them."""
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    before, found, rest = page.read_text("utf-8").partition(begin)
    if found:
        page.write_text(before + begin + block + end + rest.partition(end)[2], "utf-8")


def _edit(target: Path, edits: list[tuple[str, str, str]]) -> dict[str, str]:
    """Make the edits; give what was in the files before."""
    before: dict[str, str] = {}
    for name, old, new in edits:
        path = target / name
        text = path.read_text("utf-8")
        before.setdefault(name, text)
        if not old and not new:
            path.unlink()
            continue
        assert not old or text.count(old) == 1, f"{name} has not once {old!r}"
        path.write_text(text.replace(old, new) if old else text + new, "utf-8")
    return before


def _diff(target: Path, before: dict[str, str]) -> str:
    text = ""
    for name, old in before.items():
        path = target / name
        if not path.exists():
            text += f"deleted: {name}\n"
            continue
        lines = difflib.unified_diff(
            old.splitlines(keepends=True), path.read_text("utf-8").splitlines(keepends=True), name, name, n=1
        )
        text += "".join(line for line in lines if not line.startswith("---"))
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def run_step(story: Story, command: str, interpreter: str, target: Path, step: Step) -> str:
    """What pytest prints.  Raise :class:`AssertionError` where its exit status is not the step's."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment |= {
        "COLUMNS": "100",
        "PYTEST_ADDOPTS": f"{_SWITCHED_OFF} {story.addopts}",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Not the directory that every other run of pytest on this machine clears up.
        "PYTEST_DEBUG_TEMPROOT": str(target.parent),
    }
    # There pytest prints all of a message, and the plugin its annotations.
    for name in ("CI", "BUILD_NUMBER", "GITHUB_ACTIONS"):
        environment.pop(name, None)
    if story.pythonpath:
        paths = [str(target / story.pythonpath), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    done = subprocess.run(
        [interpreter, "-m", *shlex.split(command)],
        cwd=target,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == step.status, f"{step.name}: exit status {done.returncode}:\n{done.stdout}"
    return done.stdout


def _printed_command(output: str) -> str:
    return output.partition(f"{HINT}\n")[2].partition("\n")[0].strip()


def _cut(output: str, since: str, target: Path) -> str:
    """What a reader needs; what is left out is marked with dots."""
    output = output.replace(str(target), ".")
    output = re.sub(r"\bat 0x[0-9a-f]+", "at 0x7f0123456789", output)
    output = re.sub(r"\bin \d+\.\d+s\b( \(\d:\d\d:\d\d\))?", "in 0.12s", output)
    output = re.sub(r"(?m)^checks: .*\n", "", output)
    lines = [line.rstrip() for line in output.splitlines()]
    starts = [number for number, line in enumerate(lines) if since in line]
    first = starts[0] if starts else 0
    shown = ["..."] if first else []
    alike: list[str] = []
    for line in [*lines[first:], ""]:
        if line.startswith(("FAILED ", "ERROR ")):
            alike.append(line)
            continue
        shown += alike[:_MOST_ALIKE] if len(alike) > _MOST_ALIKE + 1 else alike
        if len(alike) > _MOST_ALIKE + 1:
            shown.append(f"... ({len(alike) - _MOST_ALIKE} more lines)")
        alike = []
        shown.append(line)
    return "\n".join(shown).strip("\n") + "\n"


def _cut_baseline(path: Path) -> str:
    text = path.read_text("utf-8")
    more = len(json.loads(text)["entries"]) - _MOST_ENTRIES
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if '"entries"' in line) + 1
    if more > 0:
        lines[first + _MOST_ENTRIES : first + _MOST_ENTRIES + more] = [f"    ... ({more} more entries)"]
    return "\n".join(lines) + "\n"


def main(source: str, interpreter: str) -> int:
    folder = Path(source).resolve()
    name = next((name for name in STORIES if folder.name.lower().startswith(name)), None)
    if name is None:
        print(f"transcript: {folder.name}: no such story; there are {', '.join(STORIES)}", file=sys.stderr)
        return 2
    story = STORIES[name]
    if name != "legacy":
        write_block(PAGE, f"{name}-versions", versions(story, interpreter))
    with tempfile.TemporaryDirectory() as temporary:
        for step, language, text in play(story, folder, interpreter, Path(temporary) / "suite"):
            write_block(PAGE, f"{name}-{step}", f"\n```{language}\n{text}```\n\n")
            print(f"---- {name}-{step}\n{text}", flush=True)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
