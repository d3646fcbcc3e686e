"""The tables "When it fails" of docs/kinds say what comes of running each of their rows.

All rows of all kinds are one suite, which is run twice: by default, and with ``--hygiene-strict``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from doc_examples import DOCS
from kind_rows import APP, ELSEWHERE, MAKE, ROWS, THREAD

from pytest_flask_hygiene.findings import KINDS

pytestmark = pytest.mark.once_a_python

CONFTEST = """
import json
import pathlib

import pytest
import shop_named
from pytest_flask_hygiene import ResourceType

worst = {}

def pytest_hygiene_resources():
    return [ResourceType("connection", shop_named.Connection, lambda connection: connection.open)]

def pytest_runtest_logreport(report):
    outcome = "passed" if report.passed else "failed"
    worst[report.nodeid] = max(worst.get(report.nodeid, ""), outcome, key=["", "passed", "failed"].index)

def pytest_sessionfinish():
    pathlib.Path("outcomes.json").write_text(json.dumps(worst))
"""
LIBRARY = """
import threading, time

def start():
    threading.Thread(target=threading.Event().wait, daemon=True).start()
"""


def rows_of(kind):
    """Of the page's table: its first cells, and the two others."""
    text = (DOCS / "kinds" / f"{kind}.md").read_text("utf-8").partition("## When it fails\n")[2]
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", text.partition("\n## ")[0], re.MULTILINE)
    return [row for row in rows if row[1] != "by default"]


def name_of(kind, row, number):
    words = "_".join(re.findall(r"[a-z]+", row)[:6])
    return f"{kind.replace('-', '_')}_{words}_{number}"


def write_suite(root):
    (root / "shop.py").write_text(APP, "utf-8")
    (root / "shop_named.py").write_text("class Connection:\n    open = True\n", "utf-8")
    (root / "conftest.py").write_text(CONFTEST, "utf-8")
    (root / "pytest.ini").write_text("[pytest]\npythonpath = . site-packages\n", "utf-8")
    (root / "site-packages").mkdir()
    (root / "site-packages" / "flask_stand_in.py").write_text(LIBRARY, "utf-8")
    for kind, rows in ROWS.items():
        make, imports = MAKE.get(kind, ("", ""))
        head = f"{imports}\n{THREAD if kind == 'thread' else ''}\n"
        for row, cases in rows.items():
            for number, case in enumerate(cases):
                name = name_of(kind, row, number)
                module, test = case if isinstance(case, tuple) else ("", case)
                if module:
                    (root / f"app_{name}.py").write_text(head + module.replace("{make}", make), "utf-8")
                    test = test.replace("{module}", f"app_{name}")
                else:
                    test = head + test.replace("{make}", make)
                (root / f"test_{name}.py").write_text(test, "utf-8")


class Run:
    """What one run of the suite says of its cases."""

    def __init__(self, root, *args):
        without = [arg for name in ("randomly", "asyncio", "flask") for arg in ("-p", f"no:{name}")]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *without, "-v", "--hygiene-report=found.json", *args],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        data = json.loads((root / "found.json").read_text("utf-8"))
        self.findings = data["findings"]
        self.counts = data["counts"]
        self._outcomes = json.loads((root / "outcomes.json").read_text("utf-8"))
        self._of_imports = done.stdout.partition("opened by imports and open at the end: ")[2]

    def verdict(self, kind, name):
        """In the words of the tables."""
        test, app = f"test_{name}.py", f"app_{name}.py"
        outcome = self._outcomes[f"{test}::test_it"]
        found = [
            finding
            for finding in self.findings
            if finding["kind"] == kind and {frame["path"] for frame in finding["site"]} & {test, app}
        ]
        if not found:
            return "nothing"
        (finding,) = found
        if finding["outcome"] == "failed":
            if finding["nodeid"] == f"{test}::test_it":
                assert outcome == "failed"
                return "fails"
            assert (finding["nodeid"], outcome) == (None, "passed")
            return "fails the run, not its first user"
        assert (finding["outcome"], outcome) == ("noted", "passed")
        if finding["owner"]["scope"] == "import":
            assert app in self._of_imports
            return "listed with `-v`"
        if finding["owner"]["scope"] == "held":
            return "listed under what holds it"
        return "noted" if kind == "cycle" else "listed in the summary"


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    root = tmp_path_factory.mktemp("rows") / "suite"
    root.mkdir()
    write_suite(root)
    return root


@pytest.fixture(scope="module")
def runs(suite):
    return Run(suite), Run(suite, "--hygiene-strict")


#: What tables say beside the verdict.
MORE = {
    "fails, and is popped": "fails",
    "fails; popped, so that the next test starts clean": "fails",
    "closed, and fails": "fails",
    "closed for the test, counted": "nothing",
    "counted under the library's name": "nothing",
    "nothing: it is popped with the response": "nothing",
    "the same; fails only with `hygiene_framework_cycles = fail`": "the same",
    "listed": "listed in the summary",
}


def assert_told(runs, kind, row, by_default, strict):
    by_default, strict = (MORE.get(words, words) for words in (by_default, strict))
    expected = (by_default, by_default if strict == "the same" else strict)
    for number, _ in enumerate(ROWS[kind][row]):
        name = name_of(kind, row, number)
        assert tuple(run.verdict(kind, name) for run in runs) == expected, f"{kind}: {row}, case {number}"


@pytest.mark.parametrize("kind", KINDS)
def test_table_of_a_kind_tells_what_comes_of_it(kind, runs):
    table = rows_of(kind)
    assert table
    left = set(ROWS[kind])
    for cell, by_default, strict in table:
        if any(kind == each and cell.startswith(row) for each, row in ELSEWHERE):
            continue
        (row,) = [row for row in ROWS[kind] if cell.startswith(row)]
        left.remove(row)
        assert_told(runs, kind, row, by_default, strict)
    assert left == set()


#: The rows of the table in docs/what-is-checked.md, by the beginnings of two cells, and their cases.
LEAKING = ("file", "socket", "subprocess", "event-loop")
ALL_RULES = [
    ("`response`", "a streamed response", [("response", "a sent file"), ("response", "a generator")]),
    ("`response`", "any other response", [("response", "any other")]),
    ("", "the temporary file of an upload", None),
    (
        "`file`",
        "dropped",
        [*((kind, "dropped") for kind in LEAKING), ("tempdir", "a `TemporaryDirectory` that was dropped")],
    ),
    ("`sqlite`", "a dropped connection", [("sqlite", "dropped")]),
    ("`other`", "any other `ResourceWarning`", [("other", "any other")]),
    ("`other`", "a resource that", [("other", "a resource that a plugin")]),
    ("`other`", "the same, left open", [("other", "the same: open")]),
    ("the kinds above", "opened and dropped by a known bug", None),
    ("`cycle`", "a reference cycle", [("cycle", "your application")]),
    ("`cycle`", "the same, closed only by test modules", [("cycle", "test modules")]),
    ("`cycle`", "the same, closed only by libraries", [("cycle", "libraries only")]),
    (
        "`file`",
        "left open",
        [
            *((kind, "left open: its owner") for kind in (*LEAKING, "sqlite")),
            ("tempdir", "a directory of `mkdtemp()`"),
            ("thread", "started by your code"),
        ],
    ),
    (
        "`file`",
        "left open, and held by",
        [
            *((kind, "left open, and held") for kind in (*LEAKING, "sqlite")),
            ("tempdir", "a `TemporaryDirectory` that is held"),
            ("thread", "held by a global"),
        ],
    ),
    ("`thread`", "started by a library", [("thread", "started by a library")]),
    ("`context`", "an application or request context", [("context", "a context that a call pushed")]),
    ("any", "dropped, and opened by an import", None),
    (
        "any",
        "opened by an import, and open at the end",
        [
            *((kind, "opened by an import") for kind in (*LEAKING, "sqlite")),
            ("tempdir", "made by an import"),
            ("thread", "started by an import"),
        ],
    ),
]


def test_table_of_all_rules_tells_what_comes_of_it(runs):
    """``None``: ``test_uploads.py``, ``test_resource_warnings.py`` and ``test_session_end.py`` have these."""
    text = (DOCS / "what-is-checked.md").read_text("utf-8").partition("## Kinds and outcomes\n")[2]
    text = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text.partition("\n## ")[0])
    table = re.findall(r"^\| ?([^|]*?) ?\| ([^|]+?) \| ([^|]+?) \| ([^|]+?) \|$", text, re.MULTILINE)[1:]
    assert len(table) == len(ALL_RULES)
    for cells, (kinds, what, cases) in zip(table, ALL_RULES, strict=True):
        assert cells[0].startswith(kinds)
        assert cells[1].startswith(what)
        for kind, beginning in cases or ():
            (row,) = [row for row in ROWS[kind] if row.startswith(beginning)]
            assert_told(runs, kind, row, *cells[2:])


def test_what_is_counted_is_counted(runs):
    """``verdict`` says "nothing" of it."""
    unclosed = [case for row, cases in ROWS["response"].items() if "any other" not in row for case in cases]
    kept = ROWS["context"]["a context that an open response keeps"]
    for run in runs:
        assert run.counts["closed_responses"] == len(unclosed) + len(kept)
        assert sum(run.counts["library_cycles"].values()) == len(ROWS["cycle"]["libraries only"])
        assert run.counts["of_libraries"] == {"flask_stand_in": 1}


def test_cycles_of_libraries_fail_if_that_is_asked_for(suite):
    name = name_of("cycle", "libraries only", 0)
    run = Run(suite, "-o", "hygiene_framework_cycles=fail", f"test_{name}.py")
    assert run.counts["leaks"] == 1


def test_context_is_popped(runs):
    name = name_of("context", "a context that a call pushed", 0)
    assert {run._outcomes[f"test_{name}.py::test_next"] for run in runs} == {"passed"}
