"""The words of the page of ``--hygiene-report=FILE.html``: every advice and kind has them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from pytest_flask_hygiene.report import page_words
from pytest_flask_hygiene.report.page_words import EXAMPLES, marked

pytest_plugins = ["html_pages"]


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
