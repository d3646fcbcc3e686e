"""Each kind of leak has a page, whose failing example fails as the page shows, and whose mended one passes.

``UPDATE_DOCS=1 pytest tests/test_kind_pages.py`` writes what the pages show anew.
"""

from __future__ import annotations

import re
import shutil
import threading

import pytest
from doc_examples import EXAMPLES, ROOT, as_block, assert_page_shows, failure_block, files_shown

from pytest_flask_hygiene.advice import page_of
from pytest_flask_hygiene.findings import KINDS, Finding, Owner, Site
from pytest_flask_hygiene.marks import read_line, read_mark

#: What fails in strict mode only.
STRICT = ("response", "thread")


def page_of_kind(kind, scope="test"):
    return ROOT / page_of(Finding(kind, "dropped", Owner(scope, "test_it"), Site(), ""))


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def make_mark(text):
    """The mark that a page shows, as the plugin reads it."""
    return read_mark(eval(text, {"pytest": pytest}).mark, "test_it")


@pytest.fixture
def run_kind(kind, run_suite, pytester, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    shutil.copytree(
        EXAMPLES / "kinds" / kind,
        pytester.path,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    # Inside another run that watches warnings, fewer frames are seen of one.
    yield lambda *args: run_suite("", "-q", *args, subprocess=kind == "other" and "test_failing.py" in args)
    for thread in threading.enumerate():
        if thread.name == "mailer":
            # The failing example's, which would run on in this process.
            thread._target.__self__.close()


def test_failing_example_fails_as_its_page_shows(kind, run_kind, pytester):
    strict = ["--hygiene-strict"] if kind in STRICT else []
    result = run_kind(*strict, "test_failing.py")
    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == 1
    text = failure_block(result.stdout.str()).replace(str(pytester.path), "/home/me/shop")
    text = re.sub(r"/\S+/photos-\w+", "/tmp/photos-0v1x2y3z", text)
    assert re.findall(r"^([a-z-]+)  \S", text, re.MULTILINE) == [kind]
    assert_page_shows(page_of_kind(kind), as_block(text, "text"))


def test_mended_example_passes_in_strict_mode(kind, run_kind):
    result = run_kind("--hygiene-strict", "test_mended.py")
    result.assert_outcomes(passed=1)
    assert result.ret == 0
    assert "hygiene" not in result.stdout.str()


@pytest.mark.parametrize("kind", ["response"], indirect=True)
def test_response_is_closed_for_the_test_by_default(kind, run_kind):
    result = run_kind("test_failing.py")
    result.assert_outcomes(passed=1)
    line = "closed for the tests: 1 streamed response"
    result.stdout.fnmatch_lines([line])
    assert f"\n    {line}\n" in page_of_kind(kind).read_text("utf-8")


def test_page_names_the_command_that_fails(kind):
    option = "--hygiene-strict " if kind in STRICT else ""
    assert f"`pytest -q {option}test_failing.py`" in page_of_kind(kind).read_text("utf-8")


def test_page_shows_each_file_of_its_example(kind):
    example = EXAMPLES / "kinds" / kind
    files = set(example.glob("*.py"))
    failing, mended = ((example / f"test_{name}.py").read_text("utf-8") for name in ("failing", "mended"))
    if failing.replace("from shop import", "from shop_mended import") == mended:
        # Nothing new: only the application differs.
        files.remove(example / "test_mended.py")
    assert files_shown(page_of_kind(kind)) == files


def test_mark_on_the_page_accepts_the_failing_example(kind, run_kind, pytester):
    text = page_of_kind(kind).read_text("utf-8")
    (mark,) = re.findall(r"^```python\n@(pytest\.mark\.allow_leak\(.+\))\n```$", text, re.MULTILINE)
    (line,) = re.findall(r"^hygiene_allow =\n    (.+)$", text, re.MULTILINE)
    allowed, by_line = make_mark(mark), read_line(line)
    assert (allowed.kinds, allowed.match, allowed.reason) == (by_line.kinds, by_line.match, by_line.reason)
    test = pytester.path / "test_failing.py"
    test.write_text(f"import pytest\n\npytestmark = {mark}\n\n{test.read_text('utf-8')}", "utf-8")
    result = run_kind("--hygiene-strict", "test_failing.py")
    result.assert_outcomes(passed=1)
    assert "allowed: 1 leak\n" in result.stdout.str()


def test_findings_of_the_development_server_have_its_page():
    assert page_of_kind("other", "server") == ROOT / "docs" / "dev-server.md"
    assert page_of_kind("sqlite", "server").is_file()


def test_index_of_the_kinds_names_each_page():
    index = (ROOT / "docs" / "kinds" / "index.md").read_text("utf-8")
    toctree = index.partition("```{toctree}")[2]
    assert tuple(re.findall(r"^([a-z-]+)$", toctree, re.MULTILINE)) == KINDS
