"""The page of ``--hygiene-report=FILE.html`` tells no reader where the project is."""

from __future__ import annotations

import re
from pathlib import Path

from html_pages import LEAK

pytest_plugins = ["html_pages"]


def test_it_says_nothing_of_where_the_project_is(page_of_a_leak):
    _, text, project = page_of_a_leak
    assert project not in text
    assert str(Path.home()) not in text or Path.home() == Path("/root")


def test_of_a_file_outside_of_rootdir_only_the_end_is_told(page, pytester, tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text('def work():\n    open("left.txt", "w")\n')
    monkeypatch.syspath_prepend(tmp_path)
    files = {"pytest.ini": f"[pytest]\nhygiene_source = {tmp_path}\n"}
    made = page("import elsewhere\n\ndef test_it():\n    elsewhere.work()\n", files=files)
    assert str(tmp_path) not in made.text
    assert re.fullmatch(r"file \.\.\./.+/elsewhere\.py:2 in work", made.one("h3").words)
    assert made.one("span", "hit").text.strip() == 'open("left.txt", "w")'


def test_the_path_is_nowhere_but_in_the_link(page, pytester):
    made = page(LEAK, files={"pytest.ini": "[pytest]\nhygiene_editor = vscode\n"})
    assert str(pytester.path) not in made.text
    assert not [
        value
        for each in made
        for name, value in each.attributes.items()
        if name != "href" and "/tmp" in value
    ]


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
