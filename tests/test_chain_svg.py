"""Pictures of what holds what."""

from __future__ import annotations

import html
import json
import re
import shutil
import time
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pytest_flask_hygiene.heap.chains import Chain, Node
from pytest_flask_hygiene.report import chain_dot
from pytest_flask_hygiene.report.chain_shape import MAX_DRAWN, shape_of
from pytest_flask_hygiene.report.chain_svg import CHAIN_STYLE, chain_svg, chain_svgs

START = Path("/project")
SVG = "{http://www.w3.org/2000/svg}"

LOOP = Chain(
    (
        Node("exception", "ValueError: bad price"),
        Node("traceback", "stock()", "/project/shop/views.py", 12),
        Node("traceback", "load()", "/project/shop/db.py", 7),
        Node("frame", "load()", "/project/shop/db.py", 9),
    ),
    (".__traceback__", ".tb_next", ".tb_frame", "error"),
)
LONGER_LOOP = Chain(
    (*LOOP.nodes[:3], Node("frame", "Basket.pay()"), Node("object", "Basket"), Node("object", "list")),
    (".__traceback__", ".tb_next", ".tb_frame", "self", ".errors", "[0]"),
)
STRAIGHT = Chain(
    (
        Node("module", "shop.db", "/project/shop/db.py", 3),
        Node("object", "dict"),
        Node("resource", "sqlite3.Connection", "/project/shop/db.py", 8),
    ),
    (".connections", "['main']"),
)


def recursion(tracebacks: int, behind: int = 0) -> Chain:
    """A loop: an exception, tracebacks, the frame, objects."""
    nodes = (
        Node("exception", "RecursionError"),
        *[Node("traceback", "walk()", "/project/tree.py", n + 1) for n in range(tracebacks)],
        Node("frame", "the frame", "/project/tree.py", 99),
        *[Node("object", f"object {n}") for n in range(behind)],
    )
    edges = [".tb_next"] * tracebacks + [".tb_frame"] + [f"[{n}]" for n in range(behind + 1)]
    return Chain(nodes, tuple(edges[: len(nodes)]))


class Drawing:
    """What can be seen of a picture."""

    def __init__(self, svg: str) -> None:
        self.source = svg
        self.root = ET.fromstring(svg)
        self.width, self.height = (float(self.root.attrib[name]) for name in ("width", "height"))

    def of_class(self, name: str) -> list[ET.Element]:
        return [e for e in self.root.iter() if name in e.get("class", "").split()]

    def texts(self, name: str = "") -> list[str]:
        found = self.of_class(name) if name else list(self.root.iter(f"{SVG}text"))
        # The title inside is only shown to a mouse.
        return [(e.text or "") + "".join(child.tail or "" for child in e) for e in found]

    def hints(self) -> list[str]:
        return [title.text or "" for text in self.root.iter(f"{SVG}text") for title in text]

    @property
    def title(self) -> str:
        return self.root.findtext(f"{SVG}title") or ""

    @property
    def description(self) -> str:
        return self.root.findtext(f"{SVG}desc") or ""


def own(chain: Chain, **options: Any) -> Drawing:
    return Drawing(chain_svg(chain, START, dot=False, **options))


def numbers(element: ET.Element, *names: str) -> list[float]:
    return [float(element.attrib[name]) for name in names]


# -- what it says


def test_a_loop_has_its_nodes_and_how_they_refer_to_each_other():
    drawing = own(LOOP)
    assert drawing.texts("hc-text") == ["ValueError: bad price", "load()"]
    assert drawing.texts("hc-row") == ["shop/views.py:12  stock()", "shop/db.py:7  load()"]
    assert "frame · shop/db.py:9" in drawing.texts("hc-sub")
    # From traceback to traceback it goes without saying.
    assert drawing.texts("hc-label") == [".__traceback__", ".tb_frame", "error"]
    assert len(drawing.of_class("hc-edge")) == len(drawing.of_class("hc-tip")) == 4


def test_a_straight_chain_has_no_way_back():
    drawing = own(STRAIGHT)
    assert drawing.texts("hc-text") == ["shop.db", "dict", "sqlite3.Connection"]
    assert drawing.texts("hc-label") == [".connections", "['main']"]
    assert len(drawing.of_class("hc-edge")) == 2
    assert not drawing.of_class("hc-chip")


@pytest.mark.parametrize(
    ("chain", "box", "ways"),
    [(LOOP, 3, ["error"]), (LONGER_LOOP, 3, ["self", ".errors", "[0]"]), (STRAIGHT, 1, ["['main']"])],
)
def test_what_is_to_be_mended_stands_out(chain, box, ways):
    drawing = own(chain)
    boxes = drawing.of_class("hc-box")
    assert ["hc-mend" in e.attrib["class"] for e in boxes] == [n == box for n in range(len(boxes))]
    assert drawing.texts("hc-badge-text") == ["mend here"]
    assert [text for text in drawing.texts("hc-label") if text in ways] == ways
    hot = [e for e in drawing.of_class("hc-hot") if e.tag == f"{SVG}text"]
    assert [e.text for e in hot] == ways


def test_title_and_description_say_it_as_sentences():
    drawing = own(LOOP)
    assert drawing.root.get("role") == "img"
    assert drawing.title == "Exception cycle: ValueError: bad price, held by error in load()"
    assert drawing.description == (
        "ValueError: bad price (exception) refers by .__traceback__ to stock() (traceback, shop/views.py:12),"
        " which refers by .tb_next to load() (traceback, shop/db.py:7),"
        " which refers by .tb_frame to load() (frame, shop/db.py:9),"
        " which refers by error to ValueError: bad price again. To be mended: load() (frame, shop/db.py:9)."
    )
    assert own(LONGER_LOOP).title.endswith("held by self.errors[0] in Basket.pay()")
    assert own(STRAIGHT).title == "shop.db holds sqlite3.Connection"


def test_a_chain_of_one_node():
    assert own(Chain((Node("resource", "socket"),), ())).texts("hc-text") == ["socket"]
    itself = own(Chain((Node("exception", "ValueError"),), (".__cause__",)))
    assert itself.title == "Exception cycle: ValueError refers to itself"
    assert itself.texts("hc-label") == [".__cause__"]


def test_a_chain_without_nodes_is_refused():
    with pytest.raises(ValueError, match="at least one node"):
        chain_svg(Chain((), ()), START)


def test_edges_that_are_missing_have_no_words():
    assert len(own(Chain(STRAIGHT.nodes, ())).of_class("hc-edge")) == 2


# -- long chains


@pytest.mark.parametrize("chain", [recursion(10), recursion(2, 8), Chain(STRAIGHT.nodes * 4, ("x",) * 11)])
def test_twelve_nodes_are_all_drawn(chain):
    drawing = own(chain)
    assert len(drawing.of_class("hc-box")) == len(chain.nodes) == MAX_DRAWN
    assert not drawing.of_class("hc-fold")


def test_a_longer_chain_is_folded_in_the_middle():
    drawing = own(recursion(40))
    assert len(drawing.of_class("hc-box")) == MAX_DRAWN
    assert "... 31 more tracebacks" in drawing.texts("hc-sub")
    assert "... 31 more tracebacks" in drawing.description
    rows = drawing.texts("hc-row")
    assert rows[0].startswith("tree.py:1 ")
    assert rows[-1].startswith("tree.py:40 ")


@pytest.mark.parametrize("tracebacks", [0, 1, 5, 8, 9, 10, 11, 30, 1_000])
def test_what_is_to_be_mended_is_never_folded(tracebacks):
    for behind in range(30):
        chain = recursion(tracebacks, behind)
        shape = shape_of(chain, START)
        assert len(shape.blocks) == len(shape.arrows) == min(len(chain.nodes), MAX_DRAWN)
        assert [b.lines[0].text for b in shape.blocks if b.mend] == ["the frame"]
        folded = [int(b.lines[0].text.split()[1]) for b in shape.blocks if b.fold]
        assert len(shape.blocks) - len(folded) + sum(folded) == len(chain.nodes)
        assert all(count > 1 for count in folded)


# -- texts of every kind


HOSTILE = "<script>alert(1)</script> & \"x\" 'y' ]]> \x00\x1b[31m \ud800 \ufffe \u202e\u200f \r\nnext"


def test_nothing_in_a_text_breaks_out():
    kinds: tuple[Any, ...] = ("exception", "frame", "object")
    chain = Chain(
        tuple(Node(kind, HOSTILE, f"/project/{HOSTILE}.py", 1) for kind in kinds), (HOSTILE, HOSTILE, HOSTILE)
    )
    drawing = own(chain)
    drawing.source.encode("utf-8")
    assert {e.tag.removeprefix(SVG) for e in drawing.root.iter()} == {
        *("svg", "title", "desc", "style", "path", "polygon", "rect", "text")
    }
    assert not re.search("[\x00-\x1f\u202e\u200f\ufffe]", drawing.source)
    assert r"\x00\x1b[31m \ud800 \ufffe \u202e\u200f   next" in drawing.hints()[0]


def test_a_text_that_is_too_long_is_clipped_and_whole_in_a_title():
    name = "shop.integrations." + "very_long_name." * 12 + "Registry"
    path = "/project/" + "directory/" * 12 + "registry.py"
    drawing = own(
        Chain((Node("class", name, path, 7), Node("resource", "socket")), ("['" + "key " * 40 + "']",))
    )
    assert all(len(text) < 60 for text in drawing.texts())
    assert drawing.texts("hc-sub")[1].startswith("…")
    assert drawing.texts("hc-sub")[1].endswith("/registry.py:7")
    assert drawing.hints()[0].startswith("['key key")
    assert name in drawing.hints()
    assert path.removeprefix("/project/") + ":7" in drawing.hints()


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "値段" * 10_000, "e\u0301" * 10_000, "👩\u200d👩\u200d👧" * 1_000, "\u0301" * 9_000],
    ids=["letters", "wide letters", "accents", "emoji", "accents alone"],
)
def test_a_picture_stays_small(text):
    node = Node("frame", text, f"/project/{text}.py", 3)
    began = time.process_time()
    drawing = own(Chain((node,) * 12, (text,) * 12))
    assert time.process_time() - began < 1
    assert drawing.width <= 340
    assert drawing.height < 1_500
    assert len(drawing.source) < 60_000


def test_of_a_dotted_name_that_is_too_long_the_end_is_shown():
    drawing = own(
        Chain((Node("class", "shop." + "integrations." * 9 + "Registry"), Node("resource", "x")), ("y",))
    )
    first, second, _ = drawing.texts("hc-text")
    assert first.startswith("shop.integrations.")
    assert second.startswith("….")
    assert second.endswith(".Registry")


def test_wide_letters_take_more_room_than_others():
    (latin,), (wide,) = (own(Chain((Node("frame", c * 16),), ())).of_class("hc-mend") for c in "a値")
    assert numbers(wide, "width") > numbers(latin, "width")


# -- how it looks


CHAINS = {
    "loop": LOOP,
    "longer loop": LONGER_LOOP,
    "straight": STRAIGHT,
    "fold": recursion(40),
    "itself": Chain((Node("exception", "ValueError"),), (".__cause__",)),
    "long label": Chain(LOOP.nodes, ("x" * 60,) * 4),
    "short": Chain((Node("thread", "t"), Node("resource", "s")), ("",)),
}


def lies_well(drawing: Drawing) -> None:
    boxes = [numbers(e, "x", "y", "width", "height") for e in drawing.of_class("hc-box")]
    assert len({(x, width) for x, _, width, _ in boxes}) == 1
    for upper, lower in pairwise(boxes):
        assert upper[1] + upper[3] + 10 < lower[1]
    chips = [numbers(e, "x", "y", "width", "height") for e in drawing.of_class("hc-chip")]
    for x, y, width, height in boxes + chips:
        assert x >= 0
        assert y >= 0
        assert x + width <= drawing.width
        assert y + height <= drawing.height
    for chip in chips:
        assert chip[0] + chip[2] < boxes[-1][0] + boxes[-1][2]
        assert chip[1] > boxes[-1][1] + boxes[-1][3]
    for edge in drawing.of_class("hc-edge"):
        points = [float(number) for number in re.findall(r"[\d.]+", edge.attrib["d"])]
        assert max(points[::2]) <= drawing.width
        assert max(points[1::2]) <= drawing.height


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_boxes_stand_below_each_other_and_inside_the_picture(chain):
    lies_well(own(chain))


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_it_is_legible_on_a_narrow_screen(chain):
    drawing = own(chain)
    assert drawing.root.get("viewBox") == f"0 0 {drawing.width:g} {drawing.height:g}"
    assert drawing.width <= 340
    assert "max-width:100%" in CHAIN_STYLE


def test_many_pictures_on_one_page_do_not_clash():
    assert not [e for e in own(LOOP).root.iter() if "id" in e.attrib]
    assert all(".hygiene-chain" in rule or not rule for rule in re.split(r"\}+", CHAIN_STYLE))


def test_it_needs_nothing_from_elsewhere():
    source = own(LOOP).source.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search("http|url|href|@import|<script|<\\?xml", source)


def test_a_page_may_have_the_style_itself():
    assert own(LOOP).source == own(LOOP, style=False).source.replace(
        "</desc>", f"</desc><style>{CHAIN_STYLE}</style>"
    )


def test_a_page_may_choose_the_colours():
    for name in ("ink", "muted", "paper", "line", "accent", "accent-paper"):
        assert re.search(rf"var\(--hygiene-{name},#\w{{6}}\)", CHAIN_STYLE)
    # Only a file of its own may go by what the reader prefers: a page that knows nothing of it is light.
    assert "@media(prefers-color-scheme:dark){.hygiene-chain:root{" in CHAIN_STYLE


def test_equal_chains_have_equal_pictures():
    again = Chain(tuple(Node(**vars(node)) for node in LOOP.nodes), tuple(LOOP.edges))
    assert again is not LOOP
    assert chain_svgs([LOOP, STRAIGHT, again], START, dot=False) == [
        chain_svg(chain, START, dot=False) for chain in (LOOP, STRAIGHT, LOOP)
    ]


def test_no_chains_no_pictures():
    assert chain_svgs([], START) == []


# -- Graphviz


@pytest.fixture
def graphviz(monkeypatch):
    """The one that is installed, with time enough for a busy machine."""
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed")
    monkeypatch.setattr(chain_dot, "_SECONDS_EACH", 20.0)
    monkeypatch.setattr(chain_dot, "_SECONDS", 20.0)


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_graphviz_places_the_boxes(graphviz, chain):
    shape = shape_of(chain, START)
    assert chain_dot.place_all([shape])
    drawing = Drawing(chain_svg(chain, START))
    lies_well(drawing)
    assert drawing.texts() == own(chain).texts()
    assert drawing.description == own(chain).description


def test_graphviz_gives_the_same_alone_and_with_others(graphviz):
    chains = list(CHAINS.values())
    assert chain_svgs(chains, START) == [chain_svg(chain, START) for chain in chains]


def test_graphviz_is_started_once_for_a_page_and_told_no_texts(dot_script):
    dot_script('echo run >> "$HERE/runs"; cat >> "$HERE/input"; exit 1')
    chains = [recursion(n, m) for n in range(5) for m in range(5)]
    chain_svgs(chains * 3, START)
    assert (dot_script.path / "runs").read_text().split() == ["run"]
    text = (dot_script.path / "input").read_text()
    assert text.count("digraph") == 25
    assert "Recursion" not in text
    assert "object" not in text


@pytest.fixture
def dot_script(monkeypatch, tmp_path):
    """Something else that is called ``dot``."""

    def write(script: str, seconds: float = 20.0) -> None:
        file = tmp_path / "dot"
        file.write_text(f"#!/bin/sh\nHERE='{tmp_path}'\n{script}\n")
        file.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        monkeypatch.setattr(chain_dot, "_SECONDS_EACH", seconds)
        monkeypatch.setattr(chain_dot, "_SECONDS", seconds)

    write.path = tmp_path
    return write


def test_without_graphviz_it_is_drawn_all_the_same(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chain_svg(LOOP, START) == own(LOOP).source


RUBBISH = {
    "fails": "exit 1",
    "fails behind an answer": "echo stop; exit 1",
    "says nothing": "exit 0",
    "says what is no graph": "echo hello; echo 'stop it'; echo",
    "is not text": r"printf '\377\376\000'",
    "says too little": "echo 'graph 1 2 2'; echo 'node 0 1 1 1 1'; echo stop",
    "says what are no numbers": "echo 'graph 1 nan inf'; echo 'node 0 1e999 -5 x y'; echo stop",
    "puts all in one place": """
        echo 'graph 1 9 9'
        for n in 0 1 2 3 label lower; do echo node $n 1 1 1 1; done
        echo stop
    """,
    "is another one": "cat",
}


@pytest.mark.parametrize("script", RUBBISH.values(), ids=RUBBISH)
def test_a_graphviz_that_is_none_changes_nothing(dot_script, capfd, script):
    dot_script(script)
    assert chain_svg(LOOP, START) == own(LOOP).source
    assert capfd.readouterr() == ("", "")


def test_a_graphviz_that_cannot_be_started_changes_nothing(dot_script):
    dot_script("")
    (dot_script.path / "dot").write_bytes(b"\x7fELF")
    assert chain_svg(LOOP, START) == own(LOOP).source


@pytest.mark.parametrize(
    "script", ["sleep 60 & echo $! > $HERE/pid; wait", "exec >&-; echo $$ > $HERE/pid; sleep 60"]
)
def test_a_graphviz_that_hangs_is_ended_and_so_is_what_it_started(dot_script, script):
    dot_script(script, seconds=0.5)
    began = time.monotonic()
    assert chain_svg(LOOP, START) == own(LOOP).source
    assert time.monotonic() - began < 20
    pid = int((dot_script.path / "pid").read_text())
    status = Path(f"/proc/{pid}/status")
    if Path("/proc/self/status").exists():
        # What nobody waits for stays as a zombie.
        gone = time.monotonic() + 10
        while status.exists() and "State:\tZ" not in status.read_text() and time.monotonic() < gone:
            time.sleep(0.01)
        assert not status.exists() or "State:\tZ" in status.read_text()


def test_a_graphviz_that_never_stops_talking_is_ended(dot_script):
    dot_script("exec yes node 1 2 3 4 5 6 7 8")
    began = time.monotonic()
    assert chain_svg(LOOP, START) == own(LOOP).source
    assert time.monotonic() - began < 15


def test_graphviz_has_a_twentieth_of_a_second_for_each_picture(monkeypatch):
    seen = []

    def run(program: str, text: bytes, seconds: float) -> bytes:
        seen.append((text.count(b"digraph"), seconds))
        raise TimeoutError

    monkeypatch.setattr(chain_dot, "_run", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    chain_svg(LOOP, START)
    chain_svgs([recursion(n, m) for n in range(10) for m in range(10)], START)
    assert all(seconds <= 0.05 * graphs for graphs, seconds in seen)
    assert max(seconds for _, seconds in seen) <= 2


# -- pytest-html


CONFTEST = """
    from pytest_flask_hygiene.heap.chains import Chain, Node
    from pytest_flask_hygiene.findings import Finding

    CHAIN = Chain(
        (Node("module", "shop <db>", __file__, 3), Node("resource", "left\\udcff.txt")), ("['<main>']",)
    )
    Finding.chain = property(lambda finding: {chain}, lambda finding, value: None)
"""
LEAK = "def test_leaks():\n    open('x', 'w')\n"


@pytest.fixture
def content(run_suite, pytester):
    """What pytest-html shows of the findings of a test."""
    pytest.importorskip("pytest_html")

    def run(chain: str, *args: str, plugins: tuple[str, ...] = ()) -> str:
        files = {"conftest.py": CONFTEST.format(chain=chain)}
        arguments = ("--html=out.html", "--self-contained-html", *args)
        run_suite(LEAK, *arguments, files=files, with_plugins=("html", *plugins), subprocess=True)
        page = (pytester.path / "out.html").read_text("utf-8")
        match = re.search(r'data-jsonblob="([^"]*)"', page)
        assert match
        ((test,),) = json.loads(html.unescape(match[1]))["tests"].values()
        (extra,) = test["extras"]
        return extra["content"]

    return run


def test_pytest_html_has_the_picture_folded_away(content):
    text = content("CHAIN")
    match = re.search("<details><summary>picture of what holds it</summary>(<svg.*</svg>)</details>", text)
    assert match
    drawing = Drawing(match[1])
    assert drawing.texts("hc-text") == ["shop <db>", r"left\udcff.txt"]
    assert drawing.texts("hc-label") == ["['<main>']"]
    assert "conftest.py:3" in drawing.texts("hc-sub")[0]


def test_pytest_html_has_it_with_workers(content):
    pytest.importorskip("xdist")
    assert "<svg" in content("CHAIN", "-n1", plugins=("xdist",))


@pytest.mark.parametrize("chain", ["None", "Chain((), ())"])
def test_pytest_html_has_no_picture_of_nothing(content, chain):
    text = content(chain)
    assert "fix: " in text
    assert "<details>" not in text
