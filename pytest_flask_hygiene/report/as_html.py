"""The HTML report: one page that needs nothing else, neither a network nor JavaScript."""

from __future__ import annotations

import base64
import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from .. import __version__, own_modules
from ..heap.chains import Chain, Node
from ..ledger import Ledger
from .counts import leaks_in_words
from .data import Data, report_data
from .decisions import baseline_lines
from .page_groups import Draw, groups, outcome, owners
from .page_words import NAMES, OUTCOMES, OWNERS
from .places import Places, shown_files
from .text import plural, printable

if TYPE_CHECKING:
    from ..settings import Settings

_FOLDER: Final = Path(__file__).parent / "page"
#: With more places than these, only the first are unfolded when the page opens.
_MAX_OPEN: Final = 12
#: With more places than these, the browser draws only those in sight.
_MAX_DRAWN: Final = 100
#: With more tests at one place, the others are folded.
_MAX_TESTS: Final = 5


@dataclass(frozen=True)
class Run:
    """What the page says of the run, beside ``report_data``."""

    project: str = ""
    """The name of rootdir."""
    warns: bool = False
    strict: bool = False
    reduced: str = ""
    """Why only responses and warnings were checked."""
    baseline: Sequence[str] = ()
    """What became of it, in lines."""
    others: Sequence[str] = ()
    """What went wrong in plugins that name resources of their own."""
    faults: Sequence[str] = ()


def as_html(ledger: Ledger, config: pytest.Config) -> str:
    """The text of the file."""
    settings = ledger.settings
    places = Places(shown_files(ledger.findings, config.rootpath), _editor(settings))
    run = Run(
        project=printable(config.rootpath.name),
        warns=settings.mode == "warn",
        strict=settings.strict,
        reduced=settings.reduced,
        baseline=baseline_lines(ledger),
        others=[places.private(text) for text in dict.fromkeys(ledger.others_faults)],
        faults=[places.private(text) for text in dict.fromkeys(ledger.faults)],
    )
    data = _private(report_data(ledger, config), places)
    return page(data, places, run, drawing(config.rootpath, places))


def _private(data: Any, places: Places) -> Any:
    """All texts as they may be shown, but for source code, which is shown as it is, and paths.

    Those are still needed to find the files; ``places.path`` makes them private.
    """
    if isinstance(data, dict):
        return {
            key: value if key in ("path", "code") else _private(value, places) for key, value in data.items()
        }
    if isinstance(data, list):
        return [_private(each, places) for each in data]
    return places.private(data) if isinstance(data, str) else data


def _editor(settings: Settings) -> Any:
    if not settings.editor:
        return None
    with own_modules():
        from ..editor import Editor
    return Editor(settings.editor)


def page(data: Data, places: Places, run: Run, draw: Draw) -> str:
    """``data``: as ``report_data`` makes it."""
    found = groups(data["findings"], places, draw)
    style, script = (_FOLDER.joinpath(name).read_text("utf-8") for name in ("page.css", "page.js"))
    if any(group.pictures for group in found):
        style = f"{_picture_style()}\n{style}"
    return _template().render(
        title=title(data["counts"]),
        run=run,
        data=data,
        counts=data["counts"],
        groups=found,
        kinds=_counted(NAMES, (f["kind"] for f in data["findings"])),
        owners=_counted(OWNERS, (name for f in data["findings"] for name in owners(f))),
        outcomes=_counted(OUTCOMES, map(outcome, data["findings"])),
        owner_words=OWNERS,
        outcome_words=OUTCOMES,
        tally=Counter(map(outcome, data["findings"])),
        max_open=_MAX_OPEN,
        max_drawn=_MAX_DRAWN,
        max_tests=_MAX_TESTS,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        version=__version__,
        python=".".join(map(str, sys.version_info[:3])),
        written=datetime.now().astimezone(),
    )


@cache
def _template() -> Template:
    """Compiled once in a process: that takes 35 ms, half of what a page takes."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["plural"] = plural
    return environment.get_template("page.html.j2")


def title(counts: Data) -> str:
    """``9 leaks in 9 tests``."""
    if not counts["leaks"]:
        return "No leaks"
    return leaks_in_words(counts["leaks"], counts["tests"], counts["outside_tests"])


def _counted(names: Iterable[str], found: Iterable[str]) -> list[tuple[str, int]]:
    """Those of the names that are found, with how often: the buttons of a filter."""
    counts = Counter(found)
    return [(name, counts[name]) for name in names if counts[name]]


def _policy(style: str, script: str) -> str:
    """The page's Content-Security-Policy.

    Nothing is loaded from anywhere, and nothing runs but our own script, whatever a test's name says.
    """
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    """The policy's name for exactly this style or script."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def drawing(root: Path, places: Places) -> Draw:
    """What draws pictures with private texts.  Loaded with the first of them."""

    def draw(chains: Sequence[Data]) -> list[Markup]:
        with own_modules():
            from .chain_svg import chain_svgs
        made = [_chain(chain, root, places) for chain in chains]
        return list(map(Markup, chain_svgs(made, root, style=False)))

    return draw


def _chain(data: Data, root: Path, places: Places) -> Chain:
    """With texts as they may be shown.  Paths are put below rootdir: pictures show them relative to it."""
    nodes = (
        Node(
            node["kind"],
            places.private(node["text"]),
            str(root / places.path(node["path"])) if node["path"] else "",
            node["line"] or 0,
        )
        for node in data["nodes"]
    )
    return Chain(tuple(nodes), tuple(map(places.private, data["edges"])))


def _picture_style() -> str:
    with own_modules():
        from .chain_svg import CHAIN_STYLE
    return CHAIN_STYLE
