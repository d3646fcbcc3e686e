"""``docs/messages.md`` has every message that the source has, and no other.

What counts as a message is simple on purpose, so that a new one can't be forgotten: every string of three
words or more, but for docstrings, the help of options, and the modules that ``EXPLAINED_ELSEWHERE`` names.
The other way round, every text of two words or more that the page quotes must be made of strings of the
source.
"""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatch

import pytest
from doc_examples import ROOT

from pytest_flask_hygiene.advice import STILL_OPEN, WHAT_HAPPENED

PACKAGE = ROOT / "pytest_flask_hygiene"
PAGE = ROOT / "docs" / "messages.md"

#: Modules, as patterns, and where their words are explained; None: what they print are no messages.
EXPLAINED_ELSEWHERE = {
    "advice.py": "docs/kinds/index.md",
    "dev_server/advice.py": "docs/dev-server.md",
    "explain/journal.py": None,  # the words of Python's own warnings, which filters are compared with
    "explain/*.py": "docs/explain.md",
    # Pages and pictures, not messages.
    "report/as_html.py": None,
    "report/chain_dot.py": None,
    "report/chain_shape.py": None,
    "report/chain_svg.py": None,
    "report/page_*.py": None,
    # Source code that is compiled.
    "replacements.py": None,
}

#: Strings that nobody reads.
NOT_PRINTED = {
    "has no attribute",  # Python's own error
    "list[str] | None",
    "<Report of the",  # a repr
    r"\w+ fixture '(.+)' of",
    "Literal['fail', 'warn', 'off']",
}


def messages_of(path):
    """The constant parts of its messages, with their lines."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = set()
    for node in ast.walk(tree):
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_option = isinstance(node, ast.Call) and getattr(node.func, "attr", "") in (
            "addoption",
            "addini",
            "getgroup",
        )
        is_help = isinstance(node, ast.AnnAssign) and ast.unparse(node.target).endswith("_HELP")
        if is_docstring or is_option or is_help:
            skipped.update(map(id, ast.walk(node)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            for part in node.value.split("{}"):
                text = " ".join(part.split())
                words = [word for word in text.split() if re.search(r"[A-Za-z]", word)]
                if len(words) >= 3 and text not in NOT_PRINTED and "\n" not in part.strip():
                    yield node.lineno, text.strip(",;:. ")


def is_elsewhere(path):
    name = path.relative_to(PACKAGE).as_posix()
    return any(fnmatch(name, other) for other in EXPLAINED_ELSEWHERE)


def page_text():
    return " ".join(PAGE.read_text("utf-8").split())


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if not is_elsewhere(path))


def test_each_message_has_its_paragraph():
    text = page_text()
    missing = [
        f"{path.relative_to(ROOT).as_posix()}:{line}: {message}"
        for path in MODULES
        for line, message in messages_of(path)
        if message not in text
    ]
    assert not missing, "not in docs/messages.md:\n" + "\n".join(missing)


def test_messages_of_each_printing_module_are_found():
    found = {path.relative_to(PACKAGE).as_posix() for path in MODULES if any(messages_of(path))}
    assert found >= {
        "settings.py",
        "decisions/stale.py",
        "marks.py",
        "report/terminal.py",
        "dev_server/server.py",
    }


@pytest.mark.parametrize("words", [WHAT_HAPPENED, STILL_OPEN], ids=["dropped", "left open"])
def test_what_happened_is_on_the_page(words):
    text = page_text()
    assert [each for each in words.values() if f"`{each}`" not in text] == []


def test_pages_that_explain_other_words_exist():
    assert [page for page in EXPLAINED_ELSEWHERE.values() if page and not (ROOT / page).is_file()] == []


# -- no message that is gone

#: What the page quotes of others: of pytest, of Flask, of Python (``sys.implementation.name``).
NOT_OURS = {"ERROR hygiene: ...", "flask --app", "not tested on pypy"}

#: What stands for something else in a quoted text, or is an example of it.
_VARIABLE = re.compile(r"\.\.\.|'[^' ]*'|\b\d[\d.,]*\b|\S*[_./=]\S*|<[^>]*>|\{\w+\}")


def words_of(text):
    words = [word.strip(".,:;()\"'`") for word in text.split()]
    return [word for word in words if word]


def pieces_of_source():
    """The words of each constant part of each string that is not a docstring."""
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        docstrings = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                for part in re.split(r"\{[^{}]*\}", node.value):
                    yield words_of(part)


def singular(word):
    return {word, re.sub("s$", "", word), re.sub("ies$", "y", word)}


class Source:
    """Tells whether words can have been put together from strings of the package."""

    def __init__(self):
        pieces = list(pieces_of_source())
        self._text = f" {' | '.join(' '.join(piece) for piece in pieces)} "
        self._alone = {piece[0] for piece in pieces if len(piece) == 1}

    def can_print(self, words):
        """In pieces of two words or more, or of a word that is a string by itself (``leak`` of a plural)."""
        reached = {0}
        for end in range(1, len(words) + 1):
            if any(start in reached and self._has(words[start:end]) for start in range(end)):
                reached.add(end)
        return len(words) in reached

    def _has(self, words):
        if len(words) == 1:
            return bool(singular(words[0]) & self._alone)
        return f" {' '.join(words)} " in self._text


@pytest.fixture(scope="module")
def source():
    return Source()


def quoted_texts():
    text = PAGE.read_text("utf-8").partition("\n## ")[2]
    return sorted({" ".join(quoted.split()) for quoted in re.findall(r"`([^`]+)`", text)} - NOT_OURS)


def test_page_has_no_message_that_is_gone(source):
    gone = [
        f"`{quoted}`: {' '.join(words)}"
        for quoted in quoted_texts()
        for words in map(words_of, _VARIABLE.split(quoted))
        if len(words) > 1 and not source.can_print(words)
    ]
    assert not gone, "docs/messages.md has what the source can't print:\n" + "\n".join(gone)


@pytest.mark.parametrize(
    "text",
    ["leaks were accepted", "the run was interrupted by a key", "closed for the suites", "leaks accept"],
)
def test_what_the_source_has_not_is_noticed(source, text):
    assert not source.can_print(words_of(text))


def test_what_the_page_quotes_of_others_is_there():
    text = page_text()
    assert [quoted for quoted in NOT_OURS if f"`{quoted}`" not in text] == []
