"""What README says comes of running what it names; its tables and examples are run here.

``UPDATE_DOCS=1 pytest tests/test_readme.py`` writes the comparison with the warning filters anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from textwrap import dedent
from xml.etree import ElementTree

import pytest
from doc_blocks import the_block
from doc_examples import EXAMPLES, ROOT, assert_page_shows

from pytest_flask_hygiene.findings import KINDS

pytestmark = pytest.mark.once_a_python

README = (ROOT / "README.md").read_text("utf-8")
COMPARISON = EXAMPLES / "comparison"
FILTERS = ("-W", "error::ResourceWarning", "-W", "error::pytest.PytestUnraisableExceptionWarning")
WITHOUT = ("-p", "no:flask_hygiene", *FILTERS)
#: In the order of the table; below the third, where "the same" is meant.
CASES = (
    "dropped_file",
    "file_in_a_cycle",
    "last_test",
    "last_test on two workers",
    "module_fixture",
    "expected_failure",
    "sqlite",
    "kept_file",
    "sent_file",
    "large_upload",
    "context",
    "exception",
    "thread",
)
WORKERS = " on two workers"
#: Cases in which Python has warned only since that version.
ONLY_FROM_313 = {"sqlite"}
#: What the filters make of these depends on when Python happens to collect: on how much is imported, say.
BY_CHANCE = {"sqlite", "large_upload"}
CHANCES = ("**another test fails**", "**no test is named**, exit status 1")

#: pytest, where Python hardly collects by itself: that moment depends on all that is imported, and with it
#: which test the filters fail.
RARELY_COLLECTING = "import gc, sys, pytest; gc.set_threshold(100_000); sys.exit(pytest.main())"


@dataclass
class Outcome:
    status: int
    failing: set[str]
    output: str

    @property
    def in_words(self) -> str:
        if self.failing == {"test_leaks"}:
            return "fails"
        if "module fixture 'prices'" in self.output:
            return "an error that names the fixture"
        if self.failing:
            return "**another test fails**"
        if self.status:
            return "**no test is named**, exit status 1"
        if "still open after their owners ended" in self.output:
            return "listed; fails with `--hygiene-strict`"
        if "closed for the tests" in self.output:
            return "closed for it, and counted"
        return "**nothing**"


def run(path, args, tmp_path):
    report = tmp_path / "report.xml"
    done = subprocess.run(
        [
            *(sys.executable, "-c", RARELY_COLLECTING, "-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
            *(
                "--noconftest",
                "-c",
                "/dev/null",
                "--rootdir",
                str(COMPARISON),
                "--basetemp",
                str(tmp_path / "base"),
            ),
            *(f"--junit-xml={report}", *args, str(path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=path.parent,
    )
    failing = {
        each.get("name")
        for each in ElementTree.parse(report).iter("testcase")
        if each.find("failure") is not None or each.find("error") is not None
    }
    return Outcome(done.returncode, failing, done.stdout)


def title_of(case):
    name = case.removesuffix(WORKERS)
    text = (COMPARISON / f"test_{name}.py").read_text("utf-8").splitlines()[0].strip('"')
    return "the same with `-n 2` (pytest-xdist)" if case.endswith(WORKERS) else text


def row(case, filters, plugin):
    filters = f"{filters} on Python 3.13, **nothing** on 3.10 to 3.12" if case in ONLY_FROM_313 else filters
    return f"| {title_of(case)} | {filters} | {plugin} |"


@pytest.fixture(scope="module")
def rows():
    """Of the cases that have run; written into the page where that is asked for."""
    found = []
    yield found
    if os.environ.get("UPDATE_DOCS") and len(found) == len(CASES):
        head = "| what a test does | with both filters | with this plugin |\n|---|---|---|\n"
        assert_page_shows(
            ROOT / "README.md", "\n" + head + "".join(f"{line}\n" for line in found) + "\n", "comparison"
        )


@pytest.mark.parametrize("case", CASES)
def test_readme_tells_what_comes_of_it(case, tmp_path, rows):
    if case.endswith(WORKERS):
        pytest.importorskip("xdist")
    workers = ("-p", "xdist", "-n2") if case.endswith(WORKERS) else ()
    path = COMPARISON / f"test_{case.removesuffix(WORKERS)}.py"
    filters, plugin = (run(path, (*workers, *args), tmp_path).in_words for args in (WITHOUT, ()))
    if case in BY_CHANCE:
        warns = case not in ONLY_FROM_313 or sys.version_info >= (3, 13)
        assert filters in (CHANCES if warns else ("**nothing**",))
        filters = "**another test fails, or none is named**"
    rows.append(row(case, filters, plugin))
    if not os.environ.get("UPDATE_DOCS"):
        assert rows[-1] in README.splitlines()


def table_of_kinds():
    rows = re.findall(r"^\| `([\w-]+)` \| .*? \| (\w+).*? \| (\w+) \| ([\w. ]+) \|$", README, re.MULTILINE)
    return {kind: (default, strict, warns) for kind, default, strict, warns in rows}


def test_readme_lists_every_kind():
    assert sorted(table_of_kinds()) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_readme_tells_where_python_itself_warns(kind, tmp_path):
    """And what the plugin makes of the same: see test_kind_pages.py, too."""
    example = EXAMPLES / "kinds" / kind / "test_failing.py"
    default, strict, warns = table_of_kinds()[kind]
    of_itself = run(example, WITHOUT, tmp_path).status != 0
    wanted = {"3.10 to 3.13": True, "3.13": sys.version_info >= (3, 13), "never": False}
    assert of_itself == wanted[warns]
    assert (run(example, (), tmp_path).status != 0) == (default == "fails")
    assert (run(example, ("--hygiene-strict",), tmp_path).status != 0) == (strict == "fails")


def test_examples_of_what_is_accepted(run_suite):
    source = """
    import subprocess, sys
    import pytest

    @pytest.fixture
    def app():
        return None

    def import_pictures(app):
        convert()

    def convert():
        subprocess.Popen([sys.executable, "-c", "pass"])

    def print_label():
        subprocess.Popen([sys.executable, "-c", "pass"])

    """
    examples = the_block("README.md", "python: @pytest.mark.allow_leak").text
    marked = examples.replace(": ...", ":\n    print_label()")
    assert marked != examples
    result = run_suite(dedent(source) + marked)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["allowed: 2 leaks"])
    unmarked = marked.partition("\n")[2]
    run_suite(dedent(source) + unmarked).assert_outcomes(passed=1, failed=1)
    ini = the_block("README.md", "ini: [pytest]").text
    run_suite(dedent(source) + unmarked, files={"pytest.ini": ini}).assert_outcomes(passed=2)


def test_steps_of_adoption(run_suite, pytester):
    commands = re.findall(r"^\d\. `pytest (.*?)`", README, re.MULTILINE)
    (line,) = re.findall(r"^\d\. `(hygiene_.*?)`", README, re.MULTILINE)
    pytester.makeini("[pytest]")
    source = "def test_it():\n    assert open(__file__).read()\n"
    warn, accept, update = (command.split() for command in commands)
    run_suite(source, *warn).assert_outcomes(passed=1)
    run_suite(source).assert_outcomes(failed=1)
    run_suite(source, *accept).assert_outcomes(passed=1)
    pytester.makeini(f"[pytest]\n{line}")
    run_suite(source).assert_outcomes(passed=1)
    run_suite("def test_it():\n    pass\n", *update).assert_outcomes(passed=1)
    run_suite(source).assert_outcomes(failed=1)
