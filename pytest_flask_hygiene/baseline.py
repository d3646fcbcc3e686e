"""The known leaks of a legacy suite: a file that is committed, accepts them, and can only get shorter.

A leak is known by its kind, by the file and the function that opened it and by its owner: not by line
numbers, which edits move, nor by absolute paths.  One entry a line, sorted, so that merges and reviews are
easy.  Only ``--hygiene-update-baseline`` writes it.

Loaded where there is a baseline.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from .findings import ALLOWED_BY, Finding, Owner
from .installed import short_path

VERSION: Final = 1
_ABOUT: Final = "known leaks, accepted by pytest-flask-hygiene; written by pytest --hygiene-update-baseline"
_FIELDS: Final = ("kind", "file", "function", "owner")


class Key(NamedTuple):
    """What a known leak is recognized by."""

    file: str
    """Of the code that opened it, relative to rootdir; empty for a library's exception cycle."""
    function: str
    kind: str
    owner: str
    """A test's node id; a fixture with its scope and file; an import; what holds it."""

    def describe(self) -> str:
        return f"{self.kind} opened in {self.file} {self.function}, by {self.owner}"


class Baseline:
    def __init__(self, path: Path, rootpath: Path, *, update: bool) -> None:
        """Raise :class:`pytest.UsageError` for a file that can't be read."""
        self.path = path
        self.update = update
        self._rootpath = rootpath
        self.entries: dict[Key, int] = _load(path, may_be_missing=update)
        self._accepted: dict[str | None, Counter[Key]] = {}
        """How many of each have been accepted, by the test that was charged with them."""

    def key_of(self, finding: Finding) -> Key:
        frame = finding.site.frame
        if frame is None:
            return Key("", finding.variable, finding.kind, self._owner(finding.owner))
        return Key(self._relative(frame.path), frame.function, finding.kind, self._owner(finding.owner))

    def _owner(self, owner: Owner) -> str:
        if owner.is_test:
            return owner.nodeid or owner.name
        if owner.is_fixture:
            return f"{owner.describe()} of {self._relative(owner.path)}"
        if owner.scope == "import":
            return f"the import of {self._relative(owner.path)}"
        return f"{owner.scope} {owner.name}"

    def _relative(self, path: str) -> str:
        try:
            return Path(os.path.abspath(path)).relative_to(self._rootpath).as_posix()
        except ValueError:
            return short_path(path)

    def accepts(self, finding: Finding) -> bool:
        """Whether it is known, and no more of it than is known; sets ``allowed_by``."""
        key = self.key_of(finding)
        known = self.entries.get(key, 0)
        if not self.update:
            accepted = self._accepted.setdefault(finding.nodeid, Counter())
            if finding.owner.scope == "server":
                # Each report of a development server is about another process.
                accepted = Counter()
            if accepted[key] + finding.count > known:
                if known:
                    finding.message += f" (more of them than the {known} that the baseline accepts)"
                return False
            accepted[key] += finding.count
        finding.allowed_by = ALLOWED_BY
        return True

    def test_begins(self, nodeid: str) -> None:
        """Once more, perhaps: pytest-rerunfailures."""
        self._accepted.pop(nodeid, None)

    def seen(self, findings: Iterable[Finding]) -> Counter[Key]:
        """How many there are of each that is, or could be, in the file.

        A fixture's leak is counted as often as the worst of its tests has it: the tests share the entry.
        """
        by_test: dict[str | None, Counter[Key]] = {}
        for finding in findings:
            if finding.is_leak or finding.allowed_by == ALLOWED_BY:
                by_test.setdefault(finding.nodeid, Counter())[self.key_of(finding)] += finding.count
        most: Counter[Key] = Counter()
        for counts in by_test.values():
            most |= counts
        return most

    def removable(self, findings: Iterable[Finding], is_judged: Callable[[Key], bool]) -> dict[Key, int]:
        """Entries that accept more than was found, and how many were; of owners that have run."""
        seen = self.seen(findings)
        return {key: seen[key] for key, known in self.entries.items() if seen[key] < known and is_judged(key)}

    def written(self, findings: Iterable[Finding], is_judged: Callable[[Key], bool]) -> dict[Key, int]:
        """What an update writes: what was found, and what is known of owners that have not run."""
        entries: dict[Key, int] = dict(self.seen(findings))
        for key, known in self.entries.items():
            if not is_judged(key):
                entries[key] = max(known, entries.get(key, 0))
        return entries

    def write(self, entries: dict[Key, int]) -> None:
        """Write another file, then put it in the place of this one.  Raises OSError."""
        lines = [
            json.dumps({**{name: getattr(key, name) for name in _FIELDS}, "count": count}, ensure_ascii=False)
            for key, count in sorted(entries.items())
        ]
        body = ",\n    ".join(lines)
        listed = f"[\n    {body}\n  ]" if lines else "[]"
        about = json.dumps(_ABOUT)
        text = f'{{\n  "version": {VERSION},\n  "about": {about},\n  "entries": {listed}\n}}\n'
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            mode = self.path.stat().st_mode if self.path.exists() else 0o666 & ~_umask()
            os.chmod(temporary, mode & 0o777)
            os.replace(temporary, self.path)
        except BaseException:
            os.unlink(temporary)
            raise


def _umask() -> int:
    # There is no way to ask without setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _load(path: Path, *, may_be_missing: bool) -> dict[Key, int]:
    def wrong(what: str) -> pytest.UsageError:
        return pytest.UsageError(f"hygiene baseline {path}: {what}")

    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        if may_be_missing:
            return {}
        raise wrong("there is no such file; --hygiene-update-baseline writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise wrong(f"can't be read: {error}") from None
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        hint = "; it has conflict markers" if "<<<<<<<" in text else ""
        raise wrong(f"line {error.lineno}: not JSON: {error.msg}{hint}") from None
    if not isinstance(data, dict) or data.get("version") != VERSION:
        version = data.get("version") if isinstance(data, dict) else None
        raise wrong(f"version {version!r} is not {VERSION}, the one that this pytest-flask-hygiene reads")
    listed = data.get("entries")
    if not isinstance(listed, list):
        raise wrong('"entries" is not a list')
    entries: dict[Key, int] = {}
    for number, entry in enumerate(listed, 1):
        key, count = _read_entry(entry)
        if key is None:
            raise wrong(
                f"entry {number} is not an object with {', '.join(_FIELDS)} (text) and count (1 or more): "
                f"{json.dumps(entry, ensure_ascii=False)}"
            )
        # A merge may have brought the same one twice.
        entries[key] = max(count, entries.get(key, 0))
    return entries


def _read_entry(entry: object) -> tuple[Key | None, int]:
    if not isinstance(entry, dict):
        return None, 0
    texts = [entry.get(name) for name in Key._fields]
    count = entry.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        return None, 0
    names = [text for text in texts if isinstance(text, str)]
    return (Key(*names), count) if len(names) == len(texts) else (None, 0)
