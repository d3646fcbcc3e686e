"""The examples of ``dev_server``: what they find, and that their pages show what running them prints.

``UPDATE_DOCS=1 pytest tests/test_reload_stories.py`` writes the output anew.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from doc_examples import EXAMPLES, ROOT, as_block, assert_page_shows, run_example

pytestmark = pytest.mark.once_a_python

RELOAD = EXAMPLES / "reload"
PAGES = ROOT / "docs"

#: For each story the kinds of its findings and the lines that they are at, in the order of the report.
STORIES = {
    "global_connection": [("sqlite", "connection = sqlite3.connect(")],
    "connection_per_thread": [
        ("sqlite", "local.db = sqlite3.connect("),
        ("other", "atexit.register(close_connections)"),
    ],
    "global_thread": [
        ("sqlite", "connection = sqlite3.connect("),
        ("thread", "self.thread.start()"),
    ],
}


@pytest.fixture(scope="module")
def outputs():
    return {}


@pytest.fixture(params=STORIES)
def story(request):
    return request.param


@pytest.fixture
def failure(story, outputs, tmp_path):
    """What the story's failing test prints; it is run once."""
    if story not in outputs:
        outputs[story] = run_example(RELOAD / story, tmp_path, "-q", "test_reload.py::test_shop")
    return outputs[story]


def line_of(file: Path, code: str) -> int:
    numbers = [n for n, line in enumerate(file.read_text("utf-8").splitlines(), 1) if code in line]
    assert len(numbers) == 1
    return numbers[0]


def as_everywhere(output: str) -> str:
    """Without what differs between two runs, two machines or two versions of Python."""
    output = output[output.index("=") :]
    # The server's own output: ports, times, paths, and traceback lines of Python's own files.
    output = re.sub(r"(?m)^(-+ output of dev_server.*\n)(?:(?!=+ ).*\n)*", r"\1...\n", output)
    # Only printed on a slow machine.
    output = re.sub(r"(?m)^checks: .*\n", "", output)
    output = re.sub(r"\bat 0x[0-9a-f]+", "at 0x7f0123456789", output)
    ids: dict[str, str] = {}
    output = re.sub(
        r"(?<=\bthread id )\d+\b",
        lambda found: ids.setdefault(found[0], str(140_000_000_000_001 + len(ids))),
        output,
    )
    return re.sub(r"\bfor \d+\.\d s\b", "for 1.0 s", output)


def test_failing_application_has_its_findings_at_its_own_lines(story, failure):
    findings = [
        (kind, f"shop.py:{line_of(RELOAD / story / 'shop.py', code)}") for kind, code in STORIES[story]
    ]
    summary = re.findall(r"^ +1 test +([\w-]+) +(\S+) ", failure, re.MULTILINE)
    assert sorted(summary) == sorted(findings)
    kind, where = findings[0]
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    assert f"FAILED test_reload.py::test_shop - hygiene: {kind} {where}{more}\n" in failure
    assert "1 failed in" in failure


def test_page_shows_what_the_failing_test_prints(story, failure):
    page = PAGES / f"reload-{story.replace('_', '-')}.md"
    assert_page_shows(page, as_block(as_everywhere(failure), "text"))


def test_mended_application_leaves_nothing_behind(story, tmp_path):
    output = run_example(RELOAD / story, tmp_path, "-q", "test_reload.py::test_shop_mended")
    assert "1 passed in" in output
    assert "hygiene" not in output


@pytest.mark.parametrize("name", ["global_connection", "connection_per_thread"])
def test_reload_that_nobody_watches_seems_to_work(name, tmp_path):
    assert "2 passed in" in run_example(RELOAD / name, tmp_path, "-q", "--hygiene=off")


def test_hook_may_close_connections_that_any_thread_may_use(tmp_path):
    """As the page of connections per thread says."""
    example = tmp_path / "shared"
    shutil.copytree(RELOAD / "connection_per_thread", example)
    app = (example / "shop.py").read_text("utf-8")
    mended = app.replace('connect("shop.sqlite")', 'connect("shop.sqlite", check_same_thread=False)')
    assert mended != app
    (example / "shop.py").write_text(mended, "utf-8")
    assert "1 passed in" in run_example(example, tmp_path / "copy", "-q", "test_reload.py::test_shop")


def test_what_the_reloaders_parent_opens_fails_nothing(tmp_path):
    options = ("-q", "--hygiene-strict", "-k", "mended")
    assert "1 passed" in run_example(RELOAD / "global_connection", tmp_path, *options)


def test_examples_of_the_fixture_pass(tmp_path):
    output = run_example(RELOAD / "shop", tmp_path, "-q")
    assert "6 passed in" in output
    assert "hygiene: no leaks\nallowed: 1 leak\n" in output


def test_readme_shows_the_first_example():
    source = (RELOAD / "shop" / "test_reload.py").read_text("utf-8")
    _, begin, rest = source.partition("def test_reload(dev_server):\n")
    example = begin + rest.partition("\n\n")[0].rstrip() + "\n"
    assert_page_shows(ROOT / "README.md", as_block(example, "python"), "reload")
