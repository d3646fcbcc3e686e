"""``--hygiene-report=FILE.json``: what it says, when it is written, and what happens where it can't be."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

LEAK = 'def test_leaks():\n    open("left.txt", "w")\n'
CLEAN = "def test_clean():\n    pass\n"
JSON = "--hygiene-report=out.json"
SEE = " (see docs/messages.md in pytest-flask-hygiene)"

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
def report(pytester):
    """The file's content."""

    def read(name: str = "out.json") -> dict[str, Any]:
        data: dict[str, Any] = json.loads((pytester.path / name).read_text("utf-8"))
        return data

    return read


@pytest.fixture
def mixed(run_suite, report):
    """The report of the suite with something of everything."""

    def run(*args: str, **keywords: Any) -> dict[str, Any]:
        run_suite(MIXED, JSON, *args, files={"shop.py": SHOP}, **keywords)
        data: dict[str, Any] = report()
        return data

    return run


def by_owner(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["owner"]["name"]: finding for finding in data["findings"]}


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


def test_workers_findings_are_those_of_a_run_without_them(mixed):
    pytest.importorskip("xdist")

    def essence(data):
        return sorted(
            (f["kind"], f["state"], f["outcome"], f["owner"]["name"], str(f["site"]), f["message"])
            for f in data["findings"]
        )

    alone = mixed(subprocess=True)
    spread = mixed("-n2", with_plugins=("xdist",), subprocess=True)
    assert essence(spread) == essence(alone)
    counts = ("leaks", "outside_tests", "allowed", "closed_responses", "library_cycles")
    # A worker may end the module's fixture with another test, or after the last one.
    assert {name: spread["counts"][name] for name in counts if name != "outside_tests"} == {
        name: alone["counts"][name] for name in counts if name != "outside_tests"
    }


def test_one_leak_of_several_workers_names_every_test_charged(run_suite, report):
    pytest.importorskip("xdist")
    suite = """
    import pytest

    @pytest.fixture(scope="module")
    def wide():
        open("wide.txt", "w")

    @pytest.mark.parametrize("number", range(8))
    def test_it(number, wide):
        pass
    """
    run_suite(suite, JSON, "-n2", with_plugins=("xdist",), subprocess=True)
    (finding,) = report()["findings"]
    assert 1 <= len(finding["nodeids"]) <= 2
    assert finding["nodeid"] == min(finding["nodeids"])


def test_only_the_controller_writes(run_suite, pytester, report):
    pytest.importorskip("xdist")
    conftest = """
    import pytest_flask_hygiene.report.files as files

    original = files._replace

    def replace(path, text):
        with open("written.txt", "a") as file:
            file.write(".")
        original(path, text)

    files._replace = replace
    """
    args = (JSON, "-n2")
    run_suite(LEAK, *args, files={"conftest.py": conftest}, with_plugins=("xdist",), subprocess=True)
    assert (pytester.path / "written.txt").read_text() == "."
    assert len(report()["findings"]) == 1


# -- which files


def test_several_files(run_suite, report):
    run_suite(LEAK, JSON, "--hygiene-report=more.json")
    assert report()["findings"] == report("more.json")["findings"] != []


def test_the_ini_file_names_files_beside_itself(run_suite, report, pytester, monkeypatch):
    ini = "[pytest]\nhygiene_report =\n    one.json\n    two.json\n"
    pytester.mkdir("tests")
    monkeypatch.chdir(pytester.path / "tests")
    run_suite("", files={"pytest.ini": ini, "tests/test_it.py": LEAK})
    assert report("one.json")["findings"] == report("two.json")["findings"] != []


def test_the_command_line_comes_before_the_ini_file(run_suite, report, pytester):
    run_suite(LEAK, JSON, files={"pytest.ini": "[pytest]\nhygiene_report = ini.json\n"})
    assert report()["findings"]
    assert not (pytester.path / "ini.json").exists()


def test_a_test_that_changes_the_directory_does_not_move_the_file(run_suite, report, tmp_path):
    run_suite(f"import os\n\ndef test_it():\n    os.chdir({str(tmp_path)!r})\n", JSON, subprocess=True)
    assert report()["findings"] == []


def test_variables_and_home_are_expanded(run_suite, pytester, monkeypatch):
    monkeypatch.setenv("REPORTS", str(pytester.path))
    run_suite(LEAK, "--hygiene-report=$REPORTS/there.json")
    assert (pytester.path / "there.json").exists()


def test_off_writes_nothing(run_suite, pytester):
    run_suite(CLEAN, JSON, "--hygiene=off")
    assert not (pytester.path / "out.json").exists()


def test_nothing_but_the_file_is_left(run_suite, pytester):
    before = {path.name for path in pytester.path.iterdir()}
    run_suite(CLEAN, JSON)
    after = {path.name for path in pytester.path.iterdir()} - {"__pycache__", "test_suite.py"}
    assert after - before == {"out.json"}


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a right there")
def test_a_symbolic_link_stays_one(run_suite, report, pytester):
    (pytester.path / "out.json").symlink_to("target.json")
    run_suite(LEAK, JSON)
    assert (pytester.path / "out.json").is_symlink()
    assert report("target.json")["findings"]


def test_the_summary_says_where_it_is(run_suite):
    run_suite(LEAK, JSON).stdout.fnmatch_lines(["hygiene: report written to out.json"])


def test_q_does_not(run_suite):
    run_suite(LEAK, JSON, "-q").stdout.no_fnmatch_line("*report written*")


# -- values that can't be used

UNUSABLE = {
    "another ending": ("leaks.xml", "leaks.xml: must end in .json or .html"),
    "no ending": ("leaks", "leaks: must end in .json or .html"),
    "no name": ("", "is a directory, not a file that ends in .json or .html"),
    "no directory": ("nowhere/leaks.json", "nowhere/leaks.json: there is no directory *nowhere"),
    "a directory": ("folder.json", "folder.json: is a directory*.json"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_file_that_cannot_be_written_is_a_usage_error_before_the_tests_run(run_suite, pytester, what):
    name, text = UNUSABLE[what]
    pytester.mkdir("folder.json")
    result = run_suite("def test_it():\n    print('ran')\n", f"--hygiene-report={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --hygiene-report: *{text}*"])
    result.stdout.no_fnmatch_line("*passed*")


def test_the_error_names_the_ini_option(run_suite):
    result = run_suite(CLEAN, files={"pytest.ini": "[pytest]\nhygiene_report = leaks.txt\n"})
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: hygiene_report (ini file): leaks.txt: must end in .json or .html{SEE}"]
    )


def test_a_directory_that_is_not_writable_is_a_usage_error(run_suite, pytester, monkeypatch):
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode & os.W_OK == 0 and access(path, mode))
    result = run_suite(CLEAN, JSON)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --hygiene-report: out.json: the directory *is not writable{SEE}"])


def test_the_ending_may_be_in_capitals(run_suite, report):
    run_suite(LEAK, "--hygiene-report=OUT.JSON")
    assert report("OUT.JSON")["findings"]


# -- a file that can't be written in the end

VANISHES = """
    import shutil

    def test_it():
        shutil.rmtree("reports")
        {more}
    """


@pytest.fixture
def vanishing(run_suite, pytester):
    """A run during which the report's directory is removed."""

    def run(*args: str, more: str = "pass", **keywords: Any) -> pytest.RunResult:
        pytester.mkdir("reports")
        return run_suite(VANISHES.format(more=more), "--hygiene-report=reports/out.json", *args, **keywords)

    return run


def test_one_line_says_so_and_the_run_fails(vanishing):
    result = vanishing()
    result.assert_outcomes(passed=1)
    lines = [line for line in result.outlines if "could not be written" in line]
    assert len(lines) == 1
    assert lines[0].startswith("hygiene: the report reports/out.json could not be written: ")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_the_summary_is_printed_all_the_same(vanishing):
    result = vanishing(more='open("left.txt", "w")')
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test", "*could not be written*", "FAILED *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("option", ["-q", "-qq", "--no-summary"])
def test_the_line_is_there_with(vanishing, option):
    result = vanishing(option)
    assert len([line for line in result.outlines if "could not be written" in line]) == 1


def test_without_a_terminal_the_line_is_on_stderr(vanishing):
    result = vanishing("-p", "no:terminal", subprocess=True)
    result.stderr.fnmatch_lines(["hygiene: the report * could not be written: *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_another_exit_status_is_kept(vanishing):
    assert vanishing(more="__import__('pytest').exit('enough', returncode=7)").ret == 7


def test_the_other_files_are_written(vanishing, report):
    vanishing("--hygiene-report=out.json")
    assert report()["findings"] == []


def test_a_fault_of_the_plugins_own_is_told_as_such(run_suite):
    conftest = """
    import pytest_flask_hygiene.report.files as files

    def broken(ledger, config):
        raise TypeError("broken")

    files.WRITERS[".json"] = broken
    """
    result = run_suite(LEAK, JSON, files={"conftest.py": conftest}, subprocess=True)
    result.stdout.fnmatch_lines(
        [
            "hygiene: 1 leak in 1 test",
            "a fault of pytest-flask-hygiene itself, please report it: report: TypeError: broken",
            f"hygiene: the report out.json could not be written: TypeError('broken'){SEE}",
        ]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("text", ["old", None])
def test_half_a_file_is_never_left(run_suite, pytester, monkeypatch, text):
    path = pytester.path / "out.json"
    if text is not None:
        path.write_text(text)

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = run_suite(CLEAN, JSON)
    result.stdout.fnmatch_lines([f"hygiene: *out.json could not be written: No space left on device{SEE}"])
    assert (path.read_text() if path.exists() else None) == text
    assert not list(pytester.path.glob(".out*"))


# -- every way to end

ENDS = {
    "KeyboardInterrupt": ("raise KeyboardInterrupt", ()),
    "pytest.exit": ("pytest.exit('enough')", ()),
    "pytest.exit with a status": ("pytest.exit('enough', returncode=7)", ()),
    "-x": ("assert False", ("-x",)),
    "SystemExit in a hook": ("pass", ("-p", "broken")),
}
STOPS = """
    import pytest

    @pytest.fixture(scope="session")
    def box():
        open("box.txt", "w")

    def test_a(box):
        open("left.txt", "w")

    def test_b(box):
        {end}

    def test_c(box):
        pass
    """
BROKEN = (
    "def pytest_runtest_logreport(report):\n    if 'test_b' in report.nodeid:\n        raise SystemExit\n"
)


@pytest.mark.parametrize("end", ENDS)
def test_it_is_written_however_the_session_ends(run_suite, report, pytester, monkeypatch, end):
    code, args = ENDS[end]
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=os.pathsep)
    run_suite(STOPS.format(end=code), JSON, *args, files={"broken.py": BROKEN}, subprocess=True)
    assert {"test_a", "box"} <= set(by_owner(report()))


def test_an_internal_error_leaves_a_report(run_suite, report):
    files = {"conftest.py": "def pytest_runtest_logreport(report):\n    raise RuntimeError('broken')\n"}
    result = run_suite("open('left.txt', 'w')\n\n" + CLEAN, JSON, files=files)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    assert report()["counts"]["outside_tests"] == 1


def test_a_collection_error_leaves_a_report(run_suite, report):
    run_suite("open('left.txt', 'w')\n\nimport nothing_of_that_name\n", JSON)
    assert report()["counts"]["outside_tests"] == 1


def test_the_last_attempt_of_a_rerun_decides(run_suite, report):
    pytest.importorskip("pytest_rerunfailures")
    suite = (
        "tries = []\n\ndef test_it():\n    tries.append(1)\n    if len(tries) == 1:\n        open('x', 'w')\n"
    )
    run_suite(suite, JSON, "--reruns=1", with_plugins=("rerunfailures",))
    assert report()["findings"] == []
