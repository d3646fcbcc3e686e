"""``hygiene_editor``: lines on the page of ``--hygiene-report=FILE.html`` open in the editor."""

from __future__ import annotations

import os

import pytest
from html_pages import CLEAN, LEAK

pytest_plugins = ["html_pages"]


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
