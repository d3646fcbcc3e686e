"""``--hygiene-report=FILE.html``: what the page says, and that nothing of a test's becomes a part of it.

What it does in a browser is in ``browser/test_page.py``.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import pytest
from parsed_pages import Element, parse

# Loaded once here, with its template, so that the runs inside this process need not load it each time.
import pytest_flask_hygiene.report.as_html
import pytest_flask_hygiene.report.chain_svg  # noqa: F401
from pytest_flask_hygiene.report import page_words
from pytest_flask_hygiene.report.page_words import EXAMPLES, marked

LEAK = 'def test_leaks():\n    open("left.txt", "w")\n'
CLEAN = "def test_clean():\n    pass\n"
HTML = "--hygiene-report=out.html"


@pytest.fixture
def read(pytester):
    def read(name: str = "out.html") -> Element:
        return parse((pytester.path / name).read_text("utf-8"))

    return read


@pytest.fixture
def page(run_suite, read):
    """The page of a run."""

    def run(source: str, *args: str, **keywords) -> Element:
        run_suite(source, HTML, *args, **keywords)
        return read()

    return run


def groups(page: Element) -> list[str]:
    return [heading.words for heading in page.all("h3")]


# -- what it says


def test_the_heading_is_the_outcome(page):
    assert page(LEAK).one("h1").words == "1 leak in 1 test"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (LEAK + 'open("also.txt", "w")\n', "2 leaks in 1 test, 1 outside tests"),
        (CLEAN + 'open("also.txt", "w")\n', "1 leak outside tests"),
        (CLEAN, "No leaks"),
    ],
)
def test_the_heading_counts_as_the_summary_does(page, source, words):
    assert page(source).one("h1").words == words


def test_a_finding_has_all_that_is_needed_to_mend_it(page):
    files = {
        "shop.py": """
        import sqlite3
        from flask import g

        def get_db():
            g.db = sqlite3.connect(":memory:")
            return g.db
        """
    }
    source = """
    from flask import Flask
    from shop import get_db

    def test_stock():
        with Flask("shop").app_context():
            assert get_db()
    """
    group = page(source, files=files).one("article")
    assert group.one("h3").words == "sqlite shop.py:6 in get_db"
    assert group.one(of_class="state").words == "SQLite connection opened here and dropped without close()"
    assert [line.text.rstrip("\n") for line in group.one("pre", "source").all("span")] == [
        "def get_db():",
        '    g.db = sqlite3.connect(":memory:")',
        "    return g.db",
    ]
    assert group.one("span", "hit").attributes["data-n"] == "6"
    fix = group.one(of_class="fix")
    assert 'Close it when the context ends: @app.teardown_appcontext, g.pop("db").close().' in fix.words
    assert "def close_db(error=None):" in fix.one("pre").text
    steps = [step.words for step in group.one("ol", "steps").all("li")]
    assert steps == [
        "test_suite.py:6 in test_stock assert get_db()",
        'shop.py:6 in get_db g.db = sqlite3.connect(":memory:")',
    ]
    assert group.one("li", "row").words == "fails test_suite.py::test_stock"


def test_findings_of_one_line_are_one_group(page):
    source = """
    import pytest

    @pytest.mark.parametrize("number", range(7))
    def test_it(number):
        open(f"left-{number}.txt", "w")
    """
    group = page(source).one("article")
    assert group.one(of_class="size").words == "7 tests"
    assert len(group.all("li", "row")) == 7
    folded = group.one("details", "more")
    assert folded.one("summary").words == "and 2 more"
    assert len(folded.all("li", "row")) == 2
    assert folded.all("dd")[-1].words == "left-6.txt"


def test_the_worst_is_first(page):
    source = """
    import pytest

    kept = []

    @pytest.mark.allow_leak("file")
    @pytest.mark.parametrize("number", range(4))
    def test_allowed(number):
        open("allowed.txt", "w")

    @pytest.mark.parametrize("number", range(3))
    def test_kept(number):
        kept.append(open("kept.txt", "w"))

    def test_one():
        open("one.txt", "w")

    @pytest.mark.parametrize("number", range(2))
    def test_two(number):
        open("two.txt", "w")
    """
    made = page(source)
    assert [group.split()[-1] for group in groups(made)] == [
        "test_two",
        "test_one",
        "test_kept",
        "test_allowed",
    ]
    outcomes = [group.all(of_class="badge")[0].words for group in made.all("article")]
    assert outcomes == ["fails", "fails", "listed", "allowed"]


def test_who_allowed_it_is_told(page):
    source = 'import pytest\n\n@pytest.mark.allow_leak("file", reason="the printer keeps it")\n' + LEAK
    assert "Allowed by the printer keeps it" in page(source).one("article").one("dl").words


def test_what_holds_it_is_told(page):
    source = 'kept = []\n\ndef test_it():\n    kept.append(open("kept.txt", "w"))\n'
    facts = {
        row.one("dt").words: row.one("dd").words for row in page(source).one("article").one("dl").all("div")
    }
    assert facts["File"] == "kept.txt"
    assert "kept" in facts["Held by"]


def test_what_holds_it_is_drawn(page):
    source = 'kept = []\n\ndef test_it():\n    kept.append(open("kept.txt", "w"))\n'
    made = page(source)
    assert made.one("article").one("svg").attributes["role"] == "img"
    # The page's style has that of its pictures.
    assert ".hygiene-chain" in made.one("style").text
    assert "something refers to it" in made.one("p", "why").words


def test_a_loop_is_drawn(page):
    source = """
    def work():
        try:
            raise ValueError("no <b>stock</b>")
        except ValueError as e:
            error = e
    """
    made = page("from shop import work\n\ndef test_it():\n    work()\n", files={"shop.py": source})
    picture = made.one("article").one("svg")
    assert "no <b>stock</b>" in picture.text
    assert not made.all("b")


def test_a_fixtures_finding_names_the_fixture_and_its_test(page):
    source = """
    import pytest

    @pytest.fixture(scope="module")
    def box():
        open("box.txt", "w")

    def test_it(box):
        pass
    """
    group = page(source).one("article")
    row = group.one("li", "row").words
    assert row == "fails module fixture 'box' test_suite.py:3 charged to test_suite.py::test_it"
    assert group.one(of_class="fix").one("pre").text.startswith('@pytest.fixture(scope="module")\ndef box(')


def test_an_import_is_named_by_its_file(page):
    row = page('open("left.txt", "w")\n\n' + CLEAN).one("li", "row")
    assert row.words.startswith("fails the import of test_suite.py test_suite.py:1")
    assert row.attributes["data-owner"] == "import outside"


def test_two_owners_of_one_line_have_each_their_own_advice(page):
    source = """
    import pytest

    def leave():
        open("left.txt", "w")

    @pytest.fixture
    def box():
        leave()

    def test_it(box):
        leave()
    """
    advice = [p.words for p in page(source).one(of_class="fix").all("p")]
    of_test = "test_it: Use a with block: with open(...) as file:."
    of_fixture = "function fixture 'box': Close it after the yield, or yield inside a with block: "
    assert sorted(advice) == [of_fixture + "with open(...) as file: yield file.", of_test]


def test_kinds_owners_and_outcomes_are_filters_with_counts(page):
    source = """
    import socket

    def test_a():
        open("a.txt", "w")

    def test_b():
        open("b.txt", "w")

    def test_c():
        socket.socket()

    open("d.txt", "w")
    """
    made = page(source)
    choices = [button.words for button in made.all("button", "choice")]
    assert choices == ["file 3", "socket 1", "a test 3", "an import 1", "outside tests 1"]


def test_what_the_checks_cost_is_told(page):
    also = page(LEAK).one("section", "also").words
    assert re.search(r"What the checks cost \d+\.\d\d s, \d+ % of the run", also)


def test_stale_decisions_are_told(page):
    source = 'import pytest\n\n@pytest.mark.allow_leak("socket", reason="none")\n' + CLEAN
    made = page(source, "--hygiene-strict")
    assert "matched nothing" in made.one("section", "stale").words


def test_what_would_fail_is_told_with_warn(page):
    made = page(LEAK, "--hygiene=warn")
    assert made.one("h1").words == "1 leak in 1 test"
    assert "nothing fails" in made.one("p", "lead").words
    assert made.all(of_class="badge")[0].words == "would fail"


def test_more_than_one_of_a_test_are_counted(page):
    made = page('def test_it():\n    for _ in range(3):\n        open("left.txt", "w")\n')
    assert made.one("li", "row").words == "fails test_suite.py::test_it 3 times"


def test_what_the_baseline_accepts_is_told(run_suite, page):
    run_suite(LEAK, "--hygiene-baseline=known.json", "--hygiene-update-baseline")
    made = page(LEAK, "--hygiene-baseline=known.json")
    assert made.one("h1").words == "No leaks"
    assert "accepted by known.json: 1 known leak" in made.one("section", "also").words
    assert "Allowed by the baseline" in made.one("article").words


# -- a page without findings


def test_without_findings_the_page_says_so(page):
    made = page(CLEAN)
    assert made.one("h1").words == "No leaks"
    assert "nothing to mend" in made.one("p", "lead").words
    assert not made.all("article")
    assert not made.all("form")


def test_without_findings_it_tells_what_was_closed_for_the_tests(page):
    source = """
    from flask import Flask, send_file

    app = Flask("shop")
    app.get("/")(lambda: send_file(__file__))

    def test_it():
        assert app.test_client().get("/").status_code == 200

    def test_missing():
        assert app.test_client().get("/missing").status_code == 404
    """
    made = page(source)
    assert made.one("h1").words == "No leaks"
    also = made.one("section", "also").words
    assert "Closed for the tests 1 streamed response, 0 uploads" in also
    assert "flask/app.py raise_routing_exception" in also


def test_nothing_that_draws_is_loaded_without_findings(run_suite, pytester):
    conftest = """
    import sys

    def pytest_unconfigure():
        print("drawing:", sorted(name for name in sys.modules if "chain" in name and "hygiene" in name))
    """
    result = run_suite(CLEAN, HTML, "-s", files={"conftest.py": conftest}, subprocess=True)
    lines = [line for line in result.outlines if line.startswith("drawing:")]
    assert lines
    assert "chain_svg" not in lines[0]


# -- nothing of a test's becomes a part of the page

HOSTILE = {
    "a script": "<script>alert(1)</script>",
    "the end of a script": "</script><script>alert(1)</script>",
    "the end of the style": "</style><img src=x onerror=alert(1)>",
    "quotes": "\"' onmouseover=alert(1) x='\"",
    "the end of a comment": "--><b>x</b><!--",
    "CDATA": "]]><b>x</b><![CDATA[",
    "a template": "{{ 7 * 7 }}{% raw %}",
    "entities": "&lt;b&gt;&amp;&#60;",
    "the end of all": "</pre></details></article></main></body></html>",
}


def assert_harmless(page: Element) -> None:
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert not page.all("img")
    assert not page.all("b")
    assert not [name for each in page for name in each.attributes if name.startswith("on")]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_a_parameter_is_escaped(page, text):
    source = f"""
    import pytest

    @pytest.mark.parametrize("text", [0], ids=[{text!r}])
    def test_it(text):
        open("left.txt", "w")
    """
    made = page(source)
    assert_harmless(made)
    assert f"test_suite.py::test_it[{text}]" in made.one("li", "row").text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_a_message_is_escaped(page, text):
    source = f"""
    def work():
        try:
            raise ValueError({text!r})
        except ValueError as e:
            error = e
    """
    made = page("from shop import work\n\ndef test_it():\n    work()\n", files={"shop.py": source})
    assert_harmless(made)
    assert f"ValueError: {text} is kept alive" in made.one("article").text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_a_source_line_is_escaped(page, text):
    made = page(f'def test_it():\n    # {text}\n    open("left.txt", "w")  # {text}\n')
    assert_harmless(made)
    assert made.one("pre", "source").text.count(text) == 2


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_a_functions_name_is_escaped(page, text):
    source = f"""
    def leave():
        open("left.txt", "w")

    leave.__code__ = leave.__code__.replace(co_name={text!r})

    def test_it():
        leave()
    """
    made = page(source)
    assert_harmless(made)
    assert text in made.one("h3").text


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
@pytest.mark.parametrize("text", [text for text in HOSTILE.values() if "/" not in text])
@pytest.mark.parametrize("editor", ["", "hygiene_editor = vscode"])
def test_a_files_name_is_escaped(page, text, editor):
    code = 'def leave():\n    open("left.txt", "w")\n'
    source = f"""
    from pathlib import Path

    path = Path(__file__).with_name({text!r} + ".py")
    exec(compile(path.read_text(), str(path), "exec"))

    def test_it():
        leave()
    """
    files = {f"{text}.py": code, "pytest.ini": f"[pytest]\n{editor}\n"}
    made = page(source, files=files)
    assert_harmless(made)
    assert f"{text}.py:2" in made.one("h3").text
    assert 'open("left.txt", "w")' in made.one("pre", "source").text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_a_reason_is_escaped(page, text):
    source = f"import pytest\n\n@pytest.mark.allow_leak(reason={text!r})\n" + LEAK
    made = page(source)
    assert_harmless(made)
    assert text in made.one("article").one("dl").text


def test_control_characters_of_a_source_line_are_shown_as_such(page):
    made = page('def test_it():\n    open("left.txt", "w")  # \x1b[31m\n')
    assert "\x1b" not in made.text
    assert "# \ufffd[31m" in made.one("pre", "source").text


@pytest.mark.skipif(os.name == "nt", reason="its names are text")
def test_a_name_that_is_no_text_is_written_as_its_bytes(page):
    made = page('import os\n\ndef test_it():\n    open(os.fsdecode(b"left\\xff"), "w")\n')
    assert "left\\udcff" in made.one("article").text


def test_a_source_that_is_gone_leaves_its_place_empty(page):
    source = """
    import shop

    def test_it():
        shop.leave()
    """
    shop = """
    import os

    def leave():
        open("left.txt", "w")

    os.unlink(__file__)
    """
    group = page(source, files={"shop.py": shop}).one("article")
    assert group.one("h3").words == "file shop.py:5 in leave"
    assert not group.all("pre", "source")


# -- one file, and nothing else


def test_it_asks_for_nothing_from_anywhere(page):
    made = page(LEAK)
    assert not [each for each in made if {"src", "srcset", "action", "data"} & set(each.attributes)]
    assert not made.all("link")
    assert [each.attributes["href"] for each in made if "href" in each.attributes] == ["#findings"]
    style = made.one("style").text
    assert "url(" not in style
    assert "@import" not in style


def test_nothing_but_its_own_script_and_style_may_run(page):
    made = page(LEAK)
    (policy,) = [
        each.attributes["content"]
        for each in made.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    ]

    def source(element: Element) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()}'"

    assert policy.split("; ")[:3] == [
        "default-src 'none'",
        f"style-src {source(made.one('style'))}",
        f"script-src {source(made.one('script'))}",
    ]
    # Such a style would need a rule of its own.
    assert not [each for each in made if "style" in each.attributes]


def test_it_says_nothing_of_where_the_project_is(page, pytester, read):
    page(LEAK)
    text = (pytester.path / "out.html").read_text("utf-8")
    assert str(pytester.path) not in text
    assert str(Path.home()) not in text or Path.home() == Path("/root")


def test_of_a_file_outside_of_rootdir_only_the_end_is_told(page, pytester, tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text('def work():\n    open("left.txt", "w")\n')
    monkeypatch.syspath_prepend(tmp_path)
    files = {"pytest.ini": f"[pytest]\nhygiene_source = {tmp_path}\n"}
    made = page("import elsewhere\n\ndef test_it():\n    elsewhere.work()\n", files=files)
    assert str(tmp_path) not in made.text
    assert re.fullmatch(r"file \.\.\./.+/elsewhere\.py:2 in work", made.one("h3").words)
    assert made.one("span", "hit").text.strip() == 'open("left.txt", "w")'


def test_ids_are_there_once(page):
    ids = [each.attributes["id"] for each in page(LEAK) if "id" in each.attributes]
    assert len(ids) == len(set(ids))


def test_without_javascript_all_is_there(page):
    made = page(LEAK)
    hidden = [each for each in made if "hidden" in each.attributes]
    # What does nothing without it.
    assert {each.tag for each in hidden} <= {"button", "form", "div", "p"}
    assert not [each for each in hidden if each.all("article")]


# -- ways to run


def test_with_workers_it_is_the_same(page):
    pytest.importorskip("xdist")
    source = """
    import pytest

    @pytest.mark.parametrize("number", range(6))
    def test_it(number):
        open("left.txt", "w")
    """
    alone = page(source, subprocess=True)
    spread = page(source, "-n2", with_plugins=("xdist",), subprocess=True)
    assert spread.one("main").one("article").text == alone.one("main").one("article").text


def test_without_a_terminal_it_is_written(page):
    made = page(LEAK, "-p", "no:terminal", subprocess=True)
    assert made.one("h1").words == "1 leak in 1 test"


def test_both_formats_may_be_asked_for(run_suite, pytester, read):
    run_suite(LEAK, HTML, "--hygiene-report=out.json")
    assert (pytester.path / "out.json").exists()
    assert read().one("h1")


def test_the_ini_file_may_ask_for_it(run_suite, read):
    run_suite(LEAK, files={"pytest.ini": "[pytest]\nhygiene_report = leaks.html\n"})
    assert read("leaks.html").one("h1").words == "1 leak in 1 test"


def test_a_page_that_cannot_be_written_is_told(run_suite, pytester):
    source = "import shutil\n\ndef test_it():\n    shutil.rmtree('reports')\n"
    pytester.mkdir("reports")
    result = run_suite(source, "--hygiene-report=reports/out.html")
    result.stdout.fnmatch_lines(["hygiene: the report reports/out.html could not be written: *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_finding_of_the_development_server_is_shown(page):
    files = {"shop.py": "from flask import Flask\n\napp = Flask('shop')\nlog = open('log.txt', 'w')\n"}
    source = """
    def test_reload(dev_server):
        server = dev_server("shop:app")
        server.reload().check()
    """
    made = page(source, files=files, subprocess=True)
    assert "shop.py:4" in made.one("article").one("h3").words
    assert "atexit.register(log.close)" in made.one(of_class="fix").words


# -- links into the editor

PATH = "{path}"


@pytest.mark.parametrize(
    ("value", "link"),
    [
        ("vscode", "vscode://file/{path}:2"),
        ("pycharm", "pycharm://open?file=/{path}&line=2"),
        ("idea", "idea://open?file=/{path}&line=2"),
        ("macvim", "mvim://open?url=file:///{path}&line=2"),
        ("textmate", "txmt://open?url=file:///{path}&line=2"),
        ("subl://open?url=file://{path}&line={line}", "subl://open?url=file:///{path}&line=2"),
        ("my-editor:///{path}#{line}", "my-editor:///{path}#2"),
        ("my-editor:{path}", "my-editor:/{path}"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths have drives there")
def test_links_open_the_editor_that_the_ini_file_names(page, pytester, value, link):
    made = page(LEAK, files={"pytest.ini": f"[pytest]\nhygiene_editor = {value}\n"})
    path = str(pytester.path / "test_suite.py").lstrip("/")
    links = {each.attributes["href"] for each in made.one("article").all("a")}
    assert links == {link.replace("{path}", path)}


def test_the_path_is_nowhere_but_in_the_link(page, pytester):
    made = page(LEAK, files={"pytest.ini": "[pytest]\nhygiene_editor = vscode\n"})
    assert str(pytester.path) not in made.text
    assert not [
        value
        for each in made
        for name, value in each.attributes.items()
        if name != "href" and "/tmp" in value
    ]


@pytest.mark.parametrize(
    ("editor", "encoded"),
    [
        ("pycharm", "a%20b%26c%23d%3F%C3%A9"),
        # An address in an address.
        ("textmate", "a%2520b%2526c%2523d%253F%25C3%25A9"),
    ],
)
def test_a_path_in_a_link_is_encoded(page, pytester, editor, encoded):
    folder = pytester.mkdir("a b&c#d?é")
    files = {
        "a b&c#d?é/test_it.py": LEAK,
        "pytest.ini": f"[pytest]\nhygiene_editor = {editor}\n",
    }
    made = page("", str(folder), files=files)
    (link,) = {each.attributes["href"] for each in made.one("article").all("a")}
    assert f"/{encoded}/test_it.py&line=2" in link


UNUSABLE = {
    "an unknown name": ("notepad", "is neither one of vscode, pycharm, idea, macvim, textmate nor a URL"),
    "no path": ("vscode://file/x:{line}", "has no {path}"),
    "a script": ("javascript:alert('{path}')", "would run what the address says (javascript:)"),
    "a script in capitals": ("JavaScript:alert('{path}')", "would run what the address says (JavaScript:)"),
    "data": ("data:text/html,{path}", "would run what the address says (data:)"),
    "another placeholder": ("vscode://file/{path}:{column}", "has {column}, which means nothing here"),
    "no scheme": ("//file/{path}", "is neither one of"),
    "a blank": ("my-editor://{path} {line}", "has blanks, quotes or angle brackets"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_an_editor_that_cannot_be_used_is_a_usage_error(run_suite, what):
    value, text = UNUSABLE[what]
    result = run_suite(CLEAN, files={"pytest.ini": f"[pytest]\nhygiene_editor = {value}\n"})
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line.startswith("ERROR: ")]
    assert line.startswith(f"ERROR: hygiene_editor (ini file): {value!r} ")
    assert text in line
    assert "vscode://file/{path}:{line}" in line


# -- its words


def test_code_in_a_sentence_is_marked_as_such():
    text = "close it after the yield, or (in g): with open(...) as file: yield file; and call db.close(x()).y"
    assert [part for is_code, part in marked(text) if is_code] == [
        "with open(...) as file: yield file",
        "db.close(x()).y",
    ]
    assert "".join(part for _, part in marked(text)) == text


def test_a_variable_at_the_beginning_of_a_sentence_keeps_its_name(page):
    source = """
    def load():
        errors = []
        try:
            raise ValueError
        except ValueError as e:
            errors.append(e)

    def test_it():
        load()
    """
    fix = page(source, "--hygiene-strict").one(of_class="fix")
    assert "errors[0] refers to the exception" in fix.words


def test_every_example_belongs_to_an_advice():
    from pytest_flask_hygiene import advice

    source = Path(advice.__file__).read_text("utf-8")
    assert [part for _, part, _ in EXAMPLES if part not in source] == []


def test_every_example_is_python():
    names = {"{name}": "db", "{owner}": "box", "{variable}": "error", "{fixture}": "pytest.fixture"}
    for _, _, example in EXAMPLES:
        for name, value in names.items():
            example = example.replace(name, value)
        code = dedent(example).strip().replace("(...)", "(it)").replace("except ...", "except ValueError")
        if code.startswith("except"):
            code = "try:\n    pass\n" + code
        compile(code, "example", "exec")


def test_every_kind_has_its_words():
    from pytest_flask_hygiene.findings import KINDS

    assert set(KINDS) == set(page_words.NAMES) == set(page_words.WHY)


# -- its colours


def _colours() -> dict[str, SimpleNamespace]:
    style = Path(page_words.__file__).with_name("page").joinpath("page.css").read_text("utf-8")
    found = re.findall(r"(--[\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style)
    return {name: SimpleNamespace(light=light, dark=dark) for name, light, dark in found}


def _luminance(colour: str) -> float:
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


#: WCAG 2.2, AA: 4.5 for text, 3 for what shows where a control is.
CONTRASTS = {
    ("--ink", "--paper"): 4.5,
    ("--ink", "--card"): 4.5,
    ("--ink", "--code"): 4.5,
    ("--ink", "--hit"): 4.5,
    ("--ink", "--fix"): 4.5,
    ("--ink", "--fix-code"): 4.5,
    ("--ink", "--warn-back"): 4.5,
    ("--soft", "--paper"): 4.5,
    ("--soft", "--card"): 4.5,
    ("--soft", "--code"): 4.5,
    ("--soft", "--fix"): 4.5,
    ("--link", "--paper"): 4.5,
    ("--link", "--card"): 4.5,
    ("--bad", "--bad-back"): 4.5,
    ("--warn", "--warn-back"): 4.5,
    ("--good", "--good-back"): 4.5,
    ("--good", "--fix"): 4.5,
    ("--good", "--paper"): 4.5,
    ("--on-choice", "--choice"): 4.5,
    ("--hygiene-accent", "--hygiene-accent-paper"): 4.5,
    ("--edge", "--card"): 3,
    ("--edge", "--paper"): 3,
    ("--focus", "--paper"): 3,
    ("--focus", "--card"): 3,
    ("--hit-edge", "--code"): 3,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), CONTRASTS)
def test_colours_are_told_apart(front, back, scheme):
    colours = _colours()
    a, b = (_luminance(getattr(colours[name], scheme)) for name in (front, back))
    contrast = (max(a, b) + 0.05) / (min(a, b) + 0.05)
    assert contrast >= CONTRASTS[front, back], f"{contrast:.2f}"


def test_picture_does_not_name_the_home_directory(page, monkeypatch, pytester):
    monkeypatch.setenv("HOME", "/home/somebody")
    source = """
    class Job:
        def run(self):
            try:
                raise ValueError("nothing in /home/somebody/prices")
            except ValueError as e:
                self.errors = {"/home/somebody/secret.conf": e}

    def test_it():
        Job().run()
    """
    page(source, "--hygiene-strict")
    (picture,) = re.findall("<svg.*?</svg>", (pytester.path / "out.html").read_text("utf-8"), re.DOTALL)
    assert "~/secret.conf" in picture
    assert "/home/somebody" not in picture


def test_page_has_no_control_characters(page, pytester):
    source = """
    def test_it():
        try:
            raise ValueError("no" + chr(0) + "price")
        except ValueError as e:
            error = e
    """
    page(source, "--hygiene-strict")
    assert "\0" not in (pytester.path / "out.html").read_text("utf-8")
