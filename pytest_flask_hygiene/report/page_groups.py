"""The findings as the HTML report shows them: equal sites together, the worst first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from .data import Data
from .page_words import NAMES, OUTCOMES, example, marked, state, why
from .places import Places
from .source_lines import Line
from .text import plural

#: Draws what holds what: a picture for each chain, as SVG.
Draw = Callable[[Sequence[Data]], Sequence[str]]

#: More ways to the same line are only counted.
_MAX_WAYS: Final = 5
_MAX_PICTURES: Final = 3
#: What a finding's message is, by kind.
_LABELS: Final = {"cycle": "Exception", "file": "File", "tempdir": "Directory", "thread": "Thread"}
_FIXTURES: Final = ("function", "class", "module", "package", "session")
_RANKS: Final = {name: rank for rank, name in enumerate(OUTCOMES)}


@dataclass(frozen=True)
class Place:
    """Where something is, with what opens it in the editor, if the user wants that."""

    text: str
    link: str


@dataclass(frozen=True)
class Step:
    """One frame of a stack."""

    place: Place
    function: str
    code: str


@dataclass(frozen=True)
class Fix:
    """One advice."""

    parts: list[tuple[bool, str]]
    """The sentence, in parts, each with whether it is code."""
    example: str
    who: str
    """Whose findings it is for, where not all of the group have the same advice."""


@dataclass(frozen=True)
class Row:
    """One finding."""

    outcome: str
    """One of ``OUTCOMES``."""
    owners: str
    """Some of ``OWNERS``, with blanks between them."""
    who: str
    """Who opened it; empty for a test, whose node id says so."""
    place: Place | None
    """Where that owner begins."""
    nodeids: list[str]
    """The tests that are charged with it."""
    when: str
    count: int
    facts: list[tuple[str, str]]
    """Names and texts; those that all findings of the group share are the group's."""


@dataclass(frozen=True)
class Group:
    """All that leaked at one line."""

    kind: str
    name: str
    state: str
    why: str
    place: Place | None
    function: str
    lines: tuple[Line, ...]
    fixes: list[Fix]
    ways: list[list[Step]]
    """The different stacks that end at this line, innermost frame last."""
    more_ways: int
    """How many more there are."""
    pictures: list[str]
    facts: list[tuple[str, str]]
    rows: list[Row]
    outcomes: list[str]
    size: str
    _tests: int
    _where: tuple[str, int]

    @property
    def order(self) -> tuple[object, ...]:
        """For sorting: the worst first, and of these those of most tests."""
        return (_RANKS[self.outcomes[0]], -self._tests, self._where, self.kind, self.state)


def groups(findings: Iterable[Data], places: Places, draw: Draw) -> list[Group]:
    """Those that fail first; of them, those of most tests."""
    by_site: dict[tuple[object, ...], list[Data]] = {}
    for finding in findings:
        by_site.setdefault(_site(finding), []).append(finding)
    # All of them at once, for Graphviz may be started to place them.
    chains = {site: _chains(members) for site, members in by_site.items()}
    wanted = [chain for of_site in chains.values() for chain in of_site]
    pictures = iter(draw(wanted) if wanted else ())
    found = [
        _group(members, places, list(islice(pictures, len(chains[site]))))
        for site, members in by_site.items()
    ]
    return sorted(found, key=lambda group: group.order)


def outcome(finding: Data) -> str:
    """One of ``OUTCOMES``."""
    if finding["outcome"] == "failed":
        return "fails"
    if finding["outcome"] == "allowed":
        return "allowed"
    return "would-fail" if finding["leak"] else "listed"


def owners(finding: Data) -> list[str]:
    """Some of ``OWNERS``: what a session fixture leaves may be outside tests as well."""
    scope = finding["owner"]["scope"]
    found = []
    if scope in ("test", "server"):
        found.append(scope)
    elif scope in _FIXTURES:
        found.append("fixture")
    elif scope in ("import", "collection"):
        found.append("import")
    if not found or finding["nodeid"] is None or finding["when"] == "session":
        found.append("outside")
    return found


def _site(finding: Data) -> tuple[object, ...]:
    words = (finding["kind"], state(finding))
    if finding["site"]:
        frame = finding["site"][-1]
        return (*words, frame["path"], frame["line"])
    owner = finding["owner"]
    return (*words, owner["path"], owner["line"], owner["name"], finding["holder"])


def _chains(members: list[Data]) -> list[Data]:
    different = {str(f["chain"]): f["chain"] for f in members if f.get("chain")}
    return list(different.values())[:_MAX_PICTURES]


def _group(members: list[Data], places: Places, pictures: list[str]) -> Group:
    first = members[0]
    site = first["site"][-1] if first["site"] else None
    known = [_facts(finding, places) for finding in members]
    common = [fact for fact in known[0] if all(fact in facts for facts in known)]
    tests = {nodeid for finding in members for nodeid in finding["nodeids"]}
    ways = list({str(f["site"]): f["site"] for f in members if len(f["site"]) > 1}.values())
    rows = [
        _row(finding, [fact for fact in facts if fact not in common], places)
        for finding, facts in zip(members, known, strict=True)
    ]
    rows.sort(key=lambda row: (_RANKS[row.outcome], row.nodeids[:1], row.who))
    return Group(
        kind=first["kind"],
        name=NAMES[first["kind"]],
        state=state(first),
        why=why(first),
        place=_place(site["path"], site["line"], places) if site else None,
        function=site["function"] if site else "",
        lines=places.lines(site["path"], site["line"]) if site else (),
        fixes=_fixes(members),
        ways=[[_step(frame, places) for frame in way] for way in ways[:_MAX_WAYS]],
        more_ways=max(len(ways) - _MAX_WAYS, 0),
        pictures=pictures,
        facts=common,
        rows=rows,
        outcomes=[name for name in OUTCOMES if any(row.outcome == name for row in rows)],
        size=plural(len(tests), "test") if tests else "outside tests",
        _tests=len(tests),
        _where=(site["path"], site["line"]) if site else ("", 0),
    )


def _facts(finding: Data, places: Places) -> list[tuple[str, str]]:
    """What may differ between findings of one line; equal facts of all are told once."""
    message = finding["message"].replace("<basetemp>", "<pytest's temporary directory>")
    pairs = (
        (_LABELS.get(finding["kind"], "What"), message),
        ("Held by", finding["holder"]),
        ("First used by", finding["first_use"]),
        ("Opened inside", finding["library"]),
        ("Allowed by", finding["allowed_by"]),
    )
    return [(name, places.private(text)) for name, text in pairs if text]


def _fixes(members: list[Data]) -> list[Fix]:
    by_advice: dict[str, list[Data]] = {}
    for finding in members:
        by_advice.setdefault(finding["advice"], []).append(finding)
    several = len(by_advice) > 1
    ordered = sorted(by_advice.items(), key=lambda pair: -len(pair[1]))
    return [
        Fix(_sentence(advice), example(of_it[0]), _who_all(of_it) if several else "")
        for advice, of_it in ordered
        if advice
    ]


def _sentence(text: str) -> list[tuple[bool, str]]:
    parts = list(marked(text))
    is_code, start = parts[0]
    # Not the name of a variable: "errors[0] refers to ...".
    if is_code or not re.match(r"[a-z]+[ ,:]", start):
        return parts
    return [(False, start[:1].upper() + start[1:]), *parts[1:]]


def _who_all(findings: list[Data]) -> str:
    counts = Counter(_who(finding["owner"]) for finding in findings)
    names = [name for name, _ in counts.most_common(2)]
    return ", ".join(names) + (f" and {len(counts) - 2} more" if len(counts) > 2 else "")


def _who(owner: Data) -> str:
    if owner["scope"] in _FIXTURES:
        return f"{owner['scope']} fixture {owner['name']!r}"
    if owner["scope"] == "import":
        return f"the import of {owner['name']}"
    return str(owner["name"])


def _row(finding: Data, facts: list[tuple[str, str]], places: Places) -> Row:
    owner = finding["owner"]
    is_test = owner["scope"] == "test"
    when = {
        "session": "found after the last report of its test" if is_test else "found when the session ended"
    }
    return Row(
        outcome=outcome(finding),
        owners=" ".join(owners(finding)),
        # A test's node id says it all.
        who="" if is_test and finding["nodeids"] else places.private(_who(owner)),
        place=_place(owner["path"], owner["line"], places) if owner["path"] and not is_test else None,
        nodeids=finding["nodeids"],
        when=when.get(finding["when"], ""),
        count=finding["count"],
        facts=facts,
    )


def _step(frame: Data, places: Places) -> Step:
    return Step(_place(frame["path"], frame["line"], places), frame["function"], frame["code"])


def _place(path: str, line: int | None, places: Places) -> Place:
    text = places.path(path)
    return Place(f"{text}:{line}" if line else text, places.link(path, line or 1))
