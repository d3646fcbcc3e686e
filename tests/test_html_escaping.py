"""Nothing of a test's becomes a part of the page of ``--hygiene-report=FILE.html``."""

from __future__ import annotations

import os

import pytest
from html_pages import LEAK
from parsed_pages import Element

pytest_plugins = ["html_pages"]

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


# Each text stands in one place of the suite; one page has them all.


def test_a_parameter_is_escaped(page):
    made = page(
        f"""
    import pytest

    @pytest.mark.parametrize("text", range({len(HOSTILE)}), ids={list(HOSTILE.values())!r})
    def test_it(text):
        open("left.txt", "w")
    """
    )
    assert_harmless(made)
    rows = [row.text for row in made.all("li", "row")]
    for text in HOSTILE.values():
        assert any(f"test_suite.py::test_it[{text}]" in row for row in rows), text


def test_a_message_is_escaped(page):
    source = "".join(
        f"def work_{number}():\n    try:\n        raise ValueError({text!r})\n"
        "    except ValueError as e:\n        error = e\n\n"
        for number, text in enumerate(HOSTILE.values())
    )
    calls = "".join(f"def test_{number}():\n    shop.work_{number}()\n\n" for number in range(len(HOSTILE)))
    made = page("import shop\n\n" + calls, files={"shop.py": source})
    assert_harmless(made)
    articles = [article.text for article in made.all("article")]
    for text in HOSTILE.values():
        assert any(f"ValueError: {text} is kept alive" in article for article in articles), text


def test_a_source_line_is_escaped(page):
    made = page(
        "".join(
            f'def test_{number}():\n    # {text}\n    open("left.txt", "w")  # {text}\n\n'
            for number, text in enumerate(HOSTILE.values())
        )
    )
    assert_harmless(made)
    sources = [source.text for source in made.all("pre", "source")]
    for text in HOSTILE.values():
        assert any(source.count(text) >= 2 for source in sources), text


def test_a_functions_name_is_escaped(page):
    made = page(
        "".join(
            f'def leave_{number}():\n    open("left.txt", "w")\n\n'
            f"leave_{number}.__code__ = leave_{number}.__code__.replace(co_name={text!r})\n\n"
            f"def test_{number}():\n    leave_{number}()\n\n"
            for number, text in enumerate(HOSTILE.values())
        )
    )
    assert_harmless(made)
    for text in HOSTILE.values():
        assert any(text in heading.text for heading in made.all("h3")), text


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
@pytest.mark.parametrize("editor", ["", "hygiene_editor = vscode"])
def test_a_files_name_is_escaped(page, editor):
    texts = [text for text in HOSTILE.values() if "/" not in text]
    source = f"""
    from pathlib import Path

    import pytest

    def load(name):
        path = Path(__file__).with_name(name + ".py")
        names = {{}}
        exec(compile(path.read_text(), str(path), "exec"), names)
        return names["leave"]

    @pytest.mark.parametrize("leave", [load(name) for name in {texts!r}], ids=str)
    def test_it(leave):
        leave()
    """
    files = {f"{text}.py": 'def leave():\n    open("left.txt", "w")\n' for text in texts}
    made = page(source, files={**files, "pytest.ini": f"[pytest]\n{editor}\n"})
    assert_harmless(made)
    articles = made.all("article")
    assert len(articles) == len(texts)
    for article in articles:
        assert 'open("left.txt", "w")' in article.one("pre", "source").text
    for text in texts:
        assert any(f"{text}.py:2" in article.one("h3").text for article in articles), text


def test_a_reason_is_escaped(page):
    made = page(
        "import pytest\n\n"
        + "".join(
            f"@pytest.mark.allow_leak(reason={text!r})\n"
            + LEAK.replace("leaks", f"leaks_{number}").replace("left", f"left {number}")
            for number, text in enumerate(HOSTILE.values())
        )
    )
    assert_harmless(made)
    facts = [each.text for article in made.all("article") for each in article.all("dl")]
    for text in HOSTILE.values():
        assert any(text in fact for fact in facts), text


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
