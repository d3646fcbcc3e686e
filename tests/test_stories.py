"""The stories whose examples are tests: they fail as their pages show, and pass when mended.

Those of the development server are in ``test_reload_stories.py``.
``UPDATE_DOCS=1 pytest tests/test_stories.py`` writes what the pages show anew.
"""

from __future__ import annotations

import re
import shutil
from textwrap import dedent

import pytest
from doc_examples import EXAMPLES, ROOT, as_block, assert_page_shows, failure_block, files_shown

pytestmark = pytest.mark.once_a_python

PAGES = ROOT / "docs" / "stories"

#: The options that make each story's failing example fail, and the kind of its finding.
STORIES = {
    "sent_files": (["--hygiene-strict"], "response"),
    "one_connection_per_request": ([], "sqlite"),
    "exceptions_that_never_die": ([], "cycle"),
}


@pytest.fixture(params=STORIES)
def story(request):
    return request.param


@pytest.fixture
def run_story(run_suite, pytester, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")

    def run(story, *args, **kwargs):
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(EXAMPLES / "stories" / story, pytester.path, dirs_exist_ok=True, ignore=without)
        return run_suite("", *args, **kwargs)

    return run


def page_of_story(story):
    return PAGES / f"{story.replace('_', '-')}.md"


def test_failing_example_fails_as_its_page_shows(story, run_story, pytester):
    options, kind = STORIES[story]
    result = run_story(story, "-q", *options, "test_failing.py")
    result.assert_outcomes(failed=1)
    text = failure_block(result.stdout.str()).replace(str(pytester.path), "/home/me/shop")
    assert f"\n{kind}  " in text
    assert_page_shows(page_of_story(story), as_block(text, "text"))


def test_mended_example_passes_in_strict_mode(story, run_story):
    result = run_story(story, "-q", "--hygiene-strict", "-k", "not failing")
    assert result.ret == 0
    assert "passed" in result.parseoutcomes()
    assert " leak" not in result.stdout.str().replace("hygiene: no leaks", "")


def test_page_shows_each_file_of_its_example(story):
    assert files_shown(page_of_story(story)) == set((EXAMPLES / "stories" / story).glob("*.py"))


# -- what the pages say beside


def test_sent_file_is_closed_for_the_test_by_default(run_story):
    result = run_story("sent_files", "test_failing.py")
    result.assert_outcomes(passed=1)
    line = "closed for the tests: 1 streamed response"
    result.stdout.fnmatch_lines([line])
    assert f"\n    {line}\n" in page_of_story("sent_files").read_text("utf-8")


def test_sent_file_under_a_warning_filter_alone(run_story):
    # In this process, the plugin that checks this very test would close the response.
    result = run_story("sent_files", "--hygiene=off", "-W", "error", "test_failing.py", subprocess=True)
    result.assert_outcomes(failed=1)
    text = re.search(r"ResourceWarning: unclosed file .*", result.stdout.str())[0]
    text = re.sub(r"name='.*/", "name='.../", text)
    assert_page_shows(page_of_story("sent_files"), as_block(f"{text}\n", "text"), "symptom")


@pytest.mark.own_gc_settings("it switches the collector off")
def test_dropped_connection_locks_the_database(run_story, pytester):
    test = """
        import gc
        from shop import create_app

        def test_next_writer(tmp_path):
            gc.disable()
            client = create_app(tmp_path / "shop.sqlite").test_client()
            assert client.post("/stock/tea/many").status_code == 400
            client.application.testing = True
            assert client.post("/stock/tea/3").status_code == 200
        """
    (pytester.path / "test_locked.py").write_text(dedent(test), "utf-8")
    name = "one_connection_per_request"
    result = run_story(name, "--hygiene=off", "test_locked.py", subprocess=True)
    result.assert_outcomes(failed=1)
    (text,) = set(re.findall(r"sqlite3\.OperationalError: .*", result.stdout.str()))
    assert_page_shows(page_of_story(name), as_block(f"{text}\n", "text"), "symptom")


def test_cycles_of_flask_are_counted(run_story, pytester):
    test = """
        from shop import app

        def test_404():
            assert app.test_client().get("/no/such/page").status_code == 404
        """
    name = "exceptions_that_never_die"
    (pytester.path / "test_flask.py").write_text(dedent(test), "utf-8")
    result = run_story(name, "test_flask.py")
    result.assert_outcomes(passed=1)
    line = "exception cycles of libraries: 1 through flask/app.py "
    result.stdout.fnmatch_lines([f"{line}*"])
    assert f"\n    {line}...\n" in page_of_story(name).read_text("utf-8")
