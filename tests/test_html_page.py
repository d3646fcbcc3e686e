"""What the page of ``--hygiene-report=FILE.html`` says.

What it does in a browser is in ``browser/test_page.py``.
"""

from __future__ import annotations

import re

import pytest
from html_pages import CLEAN, HTML, LEAK
from parsed_pages import Element

pytest_plugins = ["html_pages"]


def groups(page: Element) -> list[str]:
    return [heading.words for heading in page.all("h3")]


def test_the_heading_is_the_outcome(leak_page):
    assert leak_page.one("h1").words == "1 leak in 1 test"


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
    assert "Close it when the context ends: @app.teardown_appcontext, if (db :=" in fix.words
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
        return open("left.txt", "w")

    box = pytest.fixture(leave, name="box")

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


def test_what_the_checks_cost_is_told(leak_page):
    also = leak_page.one("section", "also").words
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
