"""The examples of ``dev_server``: what they find, and that their pages show what running them prints.

``UPDATE_DOCS=1 pytest tests/test_reload_stories.py`` writes the output anew.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from textwrap import dedent, indent, wrap

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


def fill(text: str, width: int) -> str:
    """Lines that are too long, in two."""
    lines = [
        part
        for line in text.splitlines()
        for part in (wrap(line, width, drop_whitespace=True) if len(line) > width else [line])
    ]
    return "".join(f"{line}\n" for line in lines)


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


# -- the symptoms, without the plugin

SYMPTOMS = {
    "global_connection": """
        server = dev_server("shop:app", env={"PYTHONWARNINGS": "default::ResourceWarning"})
        server.get("/")
        server.stop()
        output = server.output
        """,
    "connection_per_thread": """
        server = dev_server("shop:app")
        server.get("/")
        server.reload()
        output = server.output
        """,
    "global_thread": """
        server = dev_server("shop:app", wait_for_threads=60)
        server.get("/")
        with pytest.raises(DevServerError) as info:
            server.reload(timeout=2)
        output = info.value.output
        """,
}

SUITE = """
import pathlib

import pytest

from pytest_flask_hygiene.dev_server.errors import DevServerError


def test_reload(dev_server):
{body}
    pathlib.Path("output.txt").write_text(output, "utf-8")
"""


@pytest.fixture
def log(story, tmp_path):
    """What ``flask run --debug`` prints for the failing application, with the page's names and numbers."""
    example = tmp_path / "copy" / story
    shutil.copytree(RELOAD / story, example)
    (example / "test_reload.py").write_text(
        SUITE.format(body=indent(dedent(SYMPTOMS[story]), "    ")), "utf-8"
    )
    output = run_example(example, tmp_path, "-q", "--hygiene=off")
    assert "1 passed in" in output, output
    text = (tmp_path / story / "output.txt").read_text("utf-8")
    text = text.replace(str(tmp_path / story), "/home/me/shop")
    text = re.sub(r"in '\S*/dev_server\S*/marker'", "in '/home/me/shop/shop.py'", text)
    return as_everywhere(f"=\n{text}").removeprefix("=\n")


def test_page_begins_with_the_symptom(story, log):
    page = PAGES / f"reload-{story.replace('_', '-')}.md"
    change = " * Detected change in '/home/me/shop/shop.py', reloading\n"
    if story == "global_connection":
        # As the page says: no other version warns.
        found = re.findall(r"ResourceWarning: .*\n", log)
        assert bool(found) == (sys.version_info >= (3, 13))
        text = found[0] if found else ""
    elif story == "connection_per_thread":
        text = change + log.partition(change)[2].partition(" * ")[0]
        assert "ProgrammingError: SQLite objects created in a thread" in text
        text = fill(text, 120)
    else:
        assert " * Restarting" not in log.partition(change)[2]
        text = change
    if sys.version_info >= (3, 13):
        assert_page_shows(page, as_block(text, "text"), "symptom")


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
