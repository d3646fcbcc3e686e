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
from .paths import Paths
from .usage import usage_error

VERSION: Final = 1
#: The owner of tests' exception cycles: which test meets one first may depend on the order.
ANY_TEST: Final = "any test"
_SERVER: Final = "server"
_ABOUT: Final = "known leaks, accepted by pytest-flask-hygiene; written by pytest --hygiene-update-baseline"
_FIELDS: Final = ("kind", "file", "function", "owner")


class Key(NamedTuple):
    """What a known leak is recognized by."""

    file: str
    """Of the code that opened it, relative to rootdir; empty for a library's exception cycle."""
    function: str
    kind: str
    owner: str
    """A test's node id; a fixture with its scope, file and class; an import; what holds it."""

    def describe(self) -> str:
        return f"{self.kind} opened in {self.file} {self.function}, by {self.owner}"


class Baseline:
    def __init__(self, path: Path, rootpath: Path, *, update: bool) -> None:
        """Raise :class:`pytest.UsageError` for a file that can't be read."""
        self.path = path
        self.update = update
        self._paths = Paths(rootpath)
        self.entries: dict[Key, int] = _load(path, may_be_missing=update)
        self._accepted: dict[str | None, Counter[Key]] = {}
        """How many of each have been accepted, by the test that was charged with them."""

    def key_of(self, finding: Finding) -> Key:
        frames = finding.site.frames
        anybody = finding.kind == "cycle" and not finding.owner.outlives_test
        owner = ANY_TEST if anybody else self._owner(finding.owner)
        if not frames:
            return Key("", finding.variable, finding.kind, owner)
        # A comprehension has a frame of its own up to Python 3.11, and may be a generator on any.
        own = [f for f in frames if not f.function.startswith("<") or f.function == "<module>"]
        frame = own[-1] if own and own[-1].path == frames[-1].path else frames[-1]
        return Key(self._paths(frame.path), frame.function, finding.kind, owner)

    def _owner(self, owner: Owner) -> str:
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
        """Whether it is known, and no more of it than is known; sets ``allowed_by``."""
        key = self.key_of(finding)
        known = self.entries.get(key, 0)
        if not self.update:
            bucket = _SERVER if finding.owner.scope == "server" else finding.nodeid
            accepted = self._accepted.setdefault(bucket, Counter())
            # It may be asked again, with a higher count.
            accepted[key] -= finding.accepted
            finding.accepted = finding.known = 0
            # How often a pool or a cache was used depends on the workers.
            is_held = finding.owner.scope == "held" and known > 0
            if accepted[key] + finding.count > known and not is_held:
                finding.known = known
                return False
            accepted[key] += finding.count
            finding.accepted = finding.count
        finding.allowed_by = ALLOWED_BY
        return True

    def report_begins(self) -> None:
        """Of a development server: each is about another process."""
        self._accepted.pop(_SERVER, None)

    def test_begins(self, nodeid: str) -> None:
        """Once more, perhaps: pytest-rerunfailures."""
        self._accepted.pop(nodeid, None)

    def seen(self, findings: Iterable[Finding]) -> Counter[Key]:
        """How many there are of each that is, or could be, in the file.

        A fixture's leak is counted as often as the worst of its tests has it: the tests share the entry.
        """
        by_test: dict[str | None, Counter[Key]] = {}
        of_servers: dict[tuple[str | None, object], tuple[Key, int]] = {}
        noted: set[Key] = set()
        for finding in findings:
            key, count = self.key_of(finding), finding.count
            if not (finding.is_leak or finding.allowed_by == ALLOWED_BY):
                if finding.outcome == "noted":
                    noted.add(key)
            elif finding.owner.scope == "server":
                same = finding.nodeid, finding.key
                of_servers[same] = key, max(count, of_servers.get(same, (key, 0))[1])
            else:
                counts = by_test.setdefault(finding.nodeid, Counter())
                counts[key] = 1 if finding.owner.scope == "held" else counts[key] + count
        for (nodeid, _), (key, count) in of_servers.items():
            by_test.setdefault(nodeid, Counter())[key] += count
        most: Counter[Key] = Counter()
        for counts in by_test.values():
            most |= counts
        # Strict mode fails for more: what it knows, a run without it must not take away.
        for key in noted & self.entries.keys():
            most[key] = max(most[key], self.entries[key])
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
        # Not a link to it.
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


def _umask() -> int:
    # There is no way to ask without setting it.
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _load(path: Path, *, may_be_missing: bool) -> dict[Key, int]:
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
