"""What README says of ``-W error::ResourceWarning`` is what comes of running both.

``UPDATE_DOCS=1 pytest tests/test_comparison.py`` writes the table anew, on Python 3.13.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from xml.etree import ElementTree

import pytest
from doc_examples import EXAMPLES, ROOT, assert_page_shows

pytestmark = pytest.mark.once_a_python

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


def run(case, args, tmp_path):
    name = case.removesuffix(WORKERS)
    report = tmp_path / "report.xml"
    workers = ("-p", "xdist", "-n2") if case.endswith(WORKERS) else ()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
            *(
                "--noconftest",
                "-c",
                "/dev/null",
                "--rootdir",
                str(COMPARISON),
                "--basetemp",
                str(tmp_path / "base"),
            ),
            *(f"--junit-xml={report}", *workers, *args, str(COMPARISON / f"test_{name}.py")),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=COMPARISON,
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
    filters, plugin = (run(case, args, tmp_path).in_words for args in (WITHOUT, ()))
    if case in ONLY_FROM_313 and sys.version_info < (3, 13):
        assert filters == "**nothing**"
        filters = "**no test is named**, exit status 1"
    rows.append(row(case, filters, plugin))
    if not os.environ.get("UPDATE_DOCS"):
        assert rows[-1] in (ROOT / "README.md").read_text("utf-8").splitlines()
