"""``--hygiene-report=FILE.json``: what it says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from json_reports import CLEAN, JSON, LEAK, by_owner

pytest_plugins = ["json_reports"]

#: In one suite: what fails, is noted, allowed and counted, in tests, fixtures and imports.
MIXED = """
    import sqlite3

    import pytest
    from shop import app, keep, work

    open("imported.txt", "w")

    @pytest.fixture(scope="module")
    def wide():
        open("wide.txt", "w")

    @pytest.fixture
    def narrow():
        open("narrow.txt", "w")

    @pytest.mark.parametrize("number", range(4))
    def test_some(number, wide):
        if number % 2:
            open("some.txt", "w")

    def test_narrow(narrow):
        pass

    def test_application_cycle():
        work()

    def test_own_cycle():
        try:
            raise ValueError("mine")
        except ValueError as e:
            error = e

    @pytest.mark.allow_leak("file", reason="the printer's")
    def test_allowed():
        open("allowed.txt", "w")

    def test_sent_file():
        app.test_client().get("/file")

    def test_not_found():
        assert app.test_client().get("/none").status_code == 404

    def test_kept():
        keep()

    def test_temporary(tmp_path):
        open(tmp_path / "left.txt", "w")
    """

SHOP = """
    from flask import Flask, send_file

    app = Flask("shop")
    kept = []

    @app.get("/file")
    def file():
        return send_file(__file__)

    def work():
        try:
            raise ValueError("no stock")
        except ValueError as e:
            error = e

    def keep():
        kept.append(open("kept.txt", "w"))
    """


@pytest.fixture
def mixed(run_suite, report):
    """The report of the suite with something of everything."""

    def run(*args: str, **keywords: Any) -> dict[str, Any]:
        run_suite(MIXED, JSON, *args, files={"shop.py": SHOP}, **keywords)
        data: dict[str, Any] = report()
        return data

    return run


# -- what it says


def test_a_finding_has_its_kind_owner_site_and_advice(run_suite, report):
    run_suite(LEAK, JSON)
    data = report()
    assert data["version"] == 1
    (finding,) = data["findings"]
    advice = finding.pop("advice")
    assert advice.startswith("use a with block")
    assert finding == {
        "kind": "file",
        "state": "dropped",
        "outcome": "failed",
        "leak": True,
        "nodeid": "test_suite.py::test_leaks",
        "nodeids": ["test_suite.py::test_leaks"],
        "when": "call",
        "message": "left.txt",
        "happened": "opened here and dropped without close()",
        "page": "docs/kinds/file.md",
        "owner": {"scope": "test", "name": "test_leaks", "path": "test_suite.py", "line": 1},
        "site": [
            {"path": "test_suite.py", "line": 2, "function": "test_leaks", "code": 'open("left.txt", "w")'}
        ],
        "count": 1,
        "allowed_by": None,
        "holder": None,
        "first_use": None,
        "variable": None,
        "library": None,
        "chain": None,
    }


def test_without_findings_it_is_written_all_the_same(run_suite, report):
    result = run_suite(CLEAN, JSON)
    data = report()
    assert data["findings"] == []
    assert (data["counts"]["leaks"], data["counts"]["tests"], data["counts"]["faults"]) == (0, 0, 0)
    assert result.ret == pytest.ExitCode.OK


def test_the_innermost_frame_is_the_last(run_suite, report):
    run_suite('def helper():\n    open("x", "w")\n\ndef test_it():\n    helper()\n', JSON)
    (finding,) = report()["findings"]
    assert [frame["function"] for frame in finding["site"]] == ["test_it", "helper"]


def test_outcomes(mixed):
    found = by_owner(mixed())
    assert found["test_some[1]"]["outcome"] == "failed"
    assert found["test_own_cycle"]["outcome"] == "noted"
    assert found["test_allowed"]["outcome"] == "allowed"


def test_an_allowed_finding_says_by_what(mixed):
    found = by_owner(mixed())
    assert found["test_allowed"]["allowed_by"] == "the printer's"


def test_what_a_library_leaks_is_counted_and_no_finding(mixed):
    data = mixed()
    assert sum(data["counts"]["library_cycles"].values()) >= 1
    assert {finding["outcome"] for finding in data["findings"]} == {"failed", "noted", "allowed"}
    assert "test_not_found" not in by_owner(data)


def test_counts_are_those_of_the_summary(run_suite, report):
    result = run_suite(MIXED, JSON, files={"shop.py": SHOP})
    counts = report()["counts"]
    line = f"hygiene: {counts['leaks']} leaks in {counts['tests']} tests, {counts['outside_tests']} outside*"
    result.stdout.fnmatch_lines([line, "closed for the tests: 1 streamed response", "allowed: 1 leak"])
    assert (counts["closed_responses"], counts["closed_uploads"], counts["allowed"]) == (1, 0, 1)


def test_the_leaks_are_those_counted(mixed):
    data = mixed()
    assert len([finding for finding in data["findings"] if finding["leak"]]) == data["counts"]["leaks"]


def test_a_wider_fixture_is_charged_and_the_test_in_which_it_ended_is_named(mixed):
    finding = by_owner(mixed())["wide"]
    assert finding["owner"] == {"scope": "module", "name": "wide", "path": "test_suite.py", "line": 8}
    assert (finding["when"], finding["nodeid"]) == ("teardown", "test_suite.py::test_temporary")


def test_an_import_is_named_by_its_path(mixed):
    (finding,) = [f for f in mixed()["findings"] if f["owner"]["scope"] == "import"]
    assert (finding["owner"]["name"], finding["owner"]["path"]) == ("test_suite.py", "test_suite.py")
    assert (finding["nodeid"], finding["when"]) == (None, "session")


def test_what_is_left_open_names_its_holder_and_first_user(mixed):
    (finding,) = [f for f in mixed()["findings"] if f["holder"]]
    assert finding["state"] == "left_open"
    assert finding["first_use"] == "test_suite.py::test_kept"


def test_findings_that_only_warn_say_that_they_are_leaks(run_suite, report):
    run_suite(LEAK, JSON, "--hygiene=warn")
    (finding,) = report()["findings"]
    assert (finding["outcome"], finding["leak"]) == ("noted", True)


def test_cost_is_in_seconds_and_as_a_share(run_suite, report):
    run_suite(LEAK, JSON)
    cost = report()["cost"]
    assert set(cost) == {"seconds", "share", "parts"}
    assert 0 < cost["seconds"] < 60
    assert 0 < cost["share"] < 1


def test_a_leak_of_many_times_is_one_finding_with_a_count(run_suite, report):
    run_suite('def test_it():\n    for _ in range(3):\n        open("left.txt", "w")\n', JSON)
    (finding,) = report()["findings"]
    assert finding["count"] == 3


def test_paths_are_relative_to_rootdir_wherever_pytest_was_started(run_suite, report, pytester, monkeypatch):
    files = {"pytest.ini": "[pytest]\n", "tests/test_it.py": LEAK}
    pytester.mkdir("tests")
    monkeypatch.chdir(pytester.path / "tests")
    run_suite("", JSON, files=files)
    (finding,) = report("tests/out.json")["findings"]
    assert finding["site"][0]["path"] == finding["owner"]["path"] == "tests/test_it.py"


def test_a_path_outside_rootdir_is_as_the_terminal_shows_it(
    run_suite, report, pytester, tmp_path, monkeypatch
):
    (tmp_path / "elsewhere.py").write_text('def work():\n    open("left.txt", "w")\n')
    monkeypatch.syspath_prepend(tmp_path)
    files = {"pytest.ini": f"[pytest]\nhygiene_source = {tmp_path}\n"}
    result = run_suite("import elsewhere\n\ndef test_it():\n    elsewhere.work()\n", JSON, files=files)
    (finding,) = report()["findings"]
    shown = finding["site"][-1]["path"]
    assert shown.endswith("elsewhere.py")
    result.stdout.fnmatch_lines([f"*{shown}:2 *in work*"])


@pytest.mark.parametrize("name", ["täst", "snow\u2603man"])
def test_text_is_utf_8(run_suite, report, name):
    run_suite(f'def test_it():\n    open("{name}", "w")\n', JSON)
    (finding,) = report()["findings"]
    assert finding["message"] == name


@pytest.mark.skipif(os.name == "nt", reason="its names are text")
def test_a_name_that_is_no_text_is_written_as_its_bytes(run_suite, report):
    run_suite('import os\n\ndef test_it():\n    open(os.fsdecode(b"left\\xff"), "w")\n', JSON)
    (finding,) = report()["findings"]
    assert finding["message"] == "left\\udcff"


# -- the same suite, the same file


def without_cost(path: Path) -> str:
    data = json.loads(path.read_text("utf-8"))
    del data["cost"]
    return json.dumps(data)


def test_two_runs_write_the_same(mixed, pytester):
    mixed()
    first = without_cost(pytester.path / "out.json")
    mixed()
    assert without_cost(pytester.path / "out.json") == first


def test_the_order_of_the_tests_does_not_matter(run_suite, pytester):
    suite = """
    import shop

    def leak():
        open("left.txt", "w")

    def test_a():
        leak()

    def test_b():
        leak()

    def test_c():
        shop.work()
    """
    texts = []
    for order in (("a", "b", "c"), ("c", "b", "a")):
        run_suite(suite, JSON, *(f"test_suite.py::test_{name}" for name in order), files={"shop.py": SHOP})
        texts.append(without_cost(pytester.path / "out.json"))
    assert texts[0] == texts[1]


def test_a_temporary_directorys_random_name_is_left_out(run_suite, pytester):
    suite = "import tempfile\n\ndef test_it():\n    tempfile.TemporaryDirectory(prefix='shop-')\n"
    texts = []
    for _ in range(2):
        run_suite(suite, JSON)
        texts.append(without_cost(pytester.path / "out.json"))
    assert texts[0] == texts[1]
    assert "shop-********" in texts[0]


def test_the_number_of_pytests_temporary_directory_is_left_out(mixed):
    found = by_owner(mixed())
    assert found["test_temporary"]["message"] == "<basetemp>/test_temporary0/left.txt"


# -- with pytest-xdist


#: Another plugin counts how often a report is written.
COUNTS_WRITES = """
    import pytest_flask_hygiene.report.files as files

    original = files._replace

    def replace(path, text):
        with open("written.txt", "a") as file:
            file.write(".")
        original(path, text)

    files._replace = replace
    """


@pytest.fixture(scope="module")
def _known():
    return {}


@pytest.fixture
def spread(run_suite, report, pytester, _known):
    """The report of a run with two workers, and what ``written.txt`` says."""
    pytest.importorskip("xdist")
    if not _known:
        files = {"shop.py": SHOP, "conftest.py": COUNTS_WRITES}
        run_suite(MIXED, JSON, "-n2", files=files, with_plugins=("xdist",), subprocess=True)
        _known.update(report=report(), writes=(pytester.path / "written.txt").read_text())
    return _known


def test_workers_findings_are_those_of_a_run_without_them(mixed, spread):
    def essence(data):
        return sorted(
            (f["kind"], f["state"], f["outcome"], f["owner"]["name"], str(f["site"]), f["message"])
            for f in data["findings"]
        )

    alone, of_workers = mixed(), spread["report"]
    assert essence(of_workers) == essence(alone)
    # A worker may end the module's fixture with another test, or after the last one.
    for name in ("leaks", "allowed", "closed_responses", "library_cycles"):
        assert of_workers["counts"][name] == alone["counts"][name]


def test_one_leak_of_several_workers_names_every_test_charged(spread):
    finding = by_owner(spread["report"])["wide"]
    assert 1 <= len(finding["nodeids"]) <= 2
    assert finding["nodeid"] == min(finding["nodeids"])


def test_only_the_controller_writes(spread):
    assert spread["writes"] == "."
