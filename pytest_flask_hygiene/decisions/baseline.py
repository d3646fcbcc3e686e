"""The baseline: a file with the known leaks of a legacy suite, which are accepted.

A leak is known by its kind, by the file and the function that opened it, and by its owner; not by line
numbers, which edits move, nor by absolute paths.  Each entry has a line, and they are sorted, so that merges
and reviews are easy.  Only ``--hygiene-update-baseline`` writes the file.

Loaded only where there is a baseline.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from ..findings import ALLOWED_BY, Finding, Owner
from ..paths import Paths
from ..usage import usage_error

VERSION: Final = 1
#: Stands for the owner of an exception cycle: which test meets one first may depend on the order.
_ANY_TEST: Final = "any test"
#: Stands for the test where leaks of a development server are counted.
_SERVER: Final = "server"
_ABOUT: Final = "known leaks, accepted by pytest-flask-hygiene; written by pytest --hygiene-update-baseline"
_FIELDS: Final = ("kind", "file", "function", "owner")


class Key(NamedTuple):
    """What a known leak is recognized by."""

    file: str
    """Of the code that opened it, relative to rootdir; empty for a library's exception cycle."""
    function: str
    """The innermost function of the reader's that opened it; for a library's cycle, what closes that."""
    kind: str
    owner: str
    """A test's node id; a fixture with its scope, file and class; an import; what holds it."""

    def describe(self) -> str:
        """As the summary lists it."""
        return f"{self.kind} opened in {self.file} {self.function}, by {self.owner}"


class Baseline:
    """The file's entries; what they accept in this run; and what is to be written.

    Raises :class:`pytest.UsageError` for a file that can't be read.
    """

    def __init__(self, path: Path, rootpath: Path, *, update: bool) -> None:
        self.path = path
        self.update = update
        """Whether the file is written at the end, and accepts everything until then."""
        self.entries: dict[Key, int] = _load(path, may_be_missing=update)
        """How many of each are known."""
        self._paths = Paths(rootpath)
        self._accepted: dict[str | None, Counter[Key]] = {}
        """How many of each have been accepted, by the test that was charged with them."""

    def _key_of(self, finding: Finding) -> Key:
        """The entry that a finding has, or would have."""
        frames = finding.site.frames
        if finding.kind == "cycle" and not finding.owner.outlives_test:
            owner = _ANY_TEST
        else:
            owner = self._name_of(finding.owner)
        if not frames:
            return Key("", finding.variable, finding.kind, owner)
        # A comprehension has a frame of its own up to Python 3.11, and may be a generator on any.
        own = [f for f in frames if not f.function.startswith("<") or f.function == "<module>"]
        frame = own[-1] if own and own[-1].path == frames[-1].path else frames[-1]
        return Key(self._paths(frame.path), frame.function, finding.kind, owner)

    def _name_of(self, owner: Owner) -> str:
        if owner.is_test:
            return owner.nodeid or owner.name
        if owner.is_fixture:
            in_class = f"::{owner.class_name}" if owner.class_name else ""
            return f"{owner.describe()} of {self._paths(owner.path)}{in_class}"
        if owner.scope == "import":
            return f"the import of {self._paths(owner.path)}"
        if owner.scope == "server":
            return f"{owner.name} in {owner.nodeid}"
        return f"{owner.scope} {owner.name}"

    def accepts(self, finding: Finding) -> bool:
        """Whether it is known, and there is no more of it than is known.

        A run that writes the file accepts everything.  Sets ``allowed_by``, ``accepted`` and ``known``.
        """
        if not self.update and not self._is_known(finding):
            return False
        finding.allowed_by = ALLOWED_BY
        return True

    def _is_known(self, finding: Finding) -> bool:
        key = self._key_of(finding)
        known = self.entries.get(key, 0)
        test = _SERVER if finding.owner.scope == "server" else finding.nodeid
        accepted = self._accepted.setdefault(test, Counter())
        # The same finding may be decided on again, with a higher count.
        accepted[key] -= finding.accepted
        finding.accepted = finding.known = 0
        # How often a pool or a cache was used depends on the number of workers.
        any_number = finding.owner.scope == "held" and known > 0
        if accepted[key] + finding.count > known and not any_number:
            finding.known = known
            return False
        accepted[key] += finding.count
        finding.accepted = finding.count
        return True

    def report_begins(self) -> None:
        """A report on a development server begins; each is about another process, with leaks of its own."""
        self._accepted.pop(_SERVER, None)

    def test_begins(self, nodeid: str) -> None:
        """A test begins, perhaps once more (pytest-rerunfailures): what it leaks is counted anew."""
        self._accepted.pop(nodeid, None)

    def _seen(self, findings: Sequence[Finding]) -> Counter[Key]:
        """How many of each there are in this run, as far as the file has an entry or could have one.

        A fixture's leak is counted as often as the worst of its tests has it: the tests share the entry.
        """
        by_test: dict[str | None, Counter[Key]] = {}
        for finding in findings:
            if _is_for_baseline(finding) and finding.owner.scope != "server":
                counts, key = by_test.setdefault(finding.nodeid, Counter()), self._key_of(finding)
                counts[key] = 1 if finding.owner.scope == "held" else counts[key] + finding.count
        for nodeid, counts in self._seen_of_servers(findings).items():
            by_test.setdefault(nodeid, Counter()).update(counts)
        most: Counter[Key] = Counter()
        for counts in by_test.values():
            most |= counts
        # Strict mode fails for more: what it knows, a run without it must not take away.
        noted = {self._key_of(f) for f in findings if not _is_for_baseline(f) and f.outcome == "noted"}
        for key in noted & self.entries.keys():
            most[key] = max(most[key], self.entries[key])
        return most

    def _seen_of_servers(self, findings: Sequence[Finding]) -> dict[str | None, Counter[Key]]:
        """By the test: of equal findings of several reports, the one with the highest count."""
        most: dict[tuple[str | None, object], tuple[Key, int]] = {}
        for finding in findings:
            if _is_for_baseline(finding) and finding.owner.scope == "server":
                same = finding.nodeid, finding.key
                if same not in most or finding.count > most[same][1]:
                    most[same] = self._key_of(finding), finding.count
        by_test: dict[str | None, Counter[Key]] = {}
        for (nodeid, _), (key, count) in most.items():
            by_test.setdefault(nodeid, Counter())[key] += count
        return by_test

    def removable(self, findings: Sequence[Finding], is_judged: Callable[[Key], bool]) -> dict[Key, int]:
        """The entries that accept more than was found, with how many were found.

        ``is_judged``: whether everything that an entry is about has run.
        """
        seen = self._seen(findings)
        return {key: seen[key] for key, known in self.entries.items() if seen[key] < known and is_judged(key)}

    def written(self, findings: Sequence[Finding], is_judged: Callable[[Key], bool]) -> dict[Key, int]:
        """The entries that an update writes: what was found, and what is known of owners that did not run."""
        entries: dict[Key, int] = dict(self._seen(findings))
        for key, known in self.entries.items():
            if not is_judged(key):
                entries[key] = max(known, entries.get(key, 0))
        return entries

    def write(self, entries: dict[Key, int]) -> None:
        """Write another file, then put it in the place of the old one.  Raises :class:`OSError`."""
        lines = [
            json.dumps({**{name: getattr(key, name) for name in _FIELDS}, "count": count}, ensure_ascii=False)
            for key, count in sorted(entries.items())
        ]
        body = ",\n    ".join(lines)
        listed = f"[\n    {body}\n  ]" if lines else "[]"
        about = json.dumps(_ABOUT)
        text = f'{{\n  "version": {VERSION},\n  "about": {about},\n  "entries": {listed}\n}}\n'
        # Where the path is a symbolic link, the file that it leads to.
        target = self.path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            # A file's name need not be valid text: a lone surrogate becomes \udcff, which JSON knows, too.
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            mode = target.stat().st_mode if target.exists() else 0o666 & ~_umask()
            os.chmod(temporary, mode & 0o777)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise


def _is_for_baseline(finding: Finding) -> bool:
    """Whether it fails, or would without the baseline."""
    return finding.is_leak or finding.allowed_by == ALLOWED_BY


def _umask() -> int:
    # It can't be read without being set.
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _load(path: Path, *, may_be_missing: bool) -> dict[Key, int]:
    """The entries of the file.  Raises :class:`pytest.UsageError` for what is not a baseline."""

    def wrong(what: str) -> pytest.UsageError:
        return usage_error(f"hygiene baseline {path}: {what}")

    try:
        text = path.read_text("utf-8-sig")
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
        read = _read_entry(entry)
        if read is None:
            raise wrong(
                f"entry {number} is not an object with {', '.join(_FIELDS)} (text) and count (1 or more): "
                f"{json.dumps(entry, ensure_ascii=False)}"
            )
        key, count = read
        # A merge may have brought the same one twice.
        entries[key] = max(count, entries.get(key, 0))
    return entries


def _read_entry(entry: object) -> tuple[Key, int] | None:
    """None for what is not an entry."""
    if not isinstance(entry, dict):
        return None
    count = entry.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        return None
    texts = [text for name in Key._fields if isinstance(text := entry.get(name), str)]
    return (Key(*texts), count) if len(texts) == len(Key._fields) else None
