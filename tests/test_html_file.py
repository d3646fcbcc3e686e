"""The page of ``--hygiene-report=FILE.html`` is one file that needs no other, however pytest is run."""

from __future__ import annotations

import base64
import hashlib

import pytest
from html_pages import HTML, LEAK
from parsed_pages import Element

pytest_plugins = ["html_pages"]


def test_it_asks_for_nothing_from_anywhere(leak_page):
    assert not [each for each in leak_page if {"src", "srcset", "action", "data"} & set(each.attributes)]
    assert not leak_page.all("link")
    assert [each.attributes["href"] for each in leak_page if "href" in each.attributes] == ["#findings"]
    style = leak_page.one("style").text
    assert "url(" not in style
    assert "@import" not in style


def test_nothing_but_its_own_script_and_style_may_run(leak_page):
    (policy,) = [
        each.attributes["content"]
        for each in leak_page.all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    ]

    def source(element: Element) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()}'"

    assert policy.split("; ")[:3] == [
        "default-src 'none'",
        f"style-src {source(leak_page.one('style'))}",
        f"script-src {source(leak_page.one('script'))}",
    ]
    # Such a style would need a rule of its own.
    assert not [each for each in leak_page if "style" in each.attributes]


def test_ids_are_there_once(leak_page):
    ids = [each.attributes["id"] for each in leak_page if "id" in each.attributes]
    assert len(ids) == len(set(ids))


def test_without_javascript_all_is_there(leak_page):
    hidden = [each for each in leak_page if "hidden" in each.attributes]
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
