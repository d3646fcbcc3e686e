"""``--hygiene-report``: which files are written, when, and what happens where one can't be."""

from __future__ import annotations

import os
from typing import Any

import pytest
from json_reports import CLEAN, JSON, LEAK, SEE, by_owner

pytest_plugins = ["json_reports"]


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
            f"hygiene: the report out.json could not be written: TypeError: broken{SEE}",
        ]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_fault_is_told_without_the_page_that_it_is_about(run_suite):
    conftest = """
    import pytest_flask_hygiene.report.files as files

    files.WRITERS[".json"] = lambda ledger, config: "page " * 1_000 + "\\udcff"
    """
    result = run_suite(LEAK, JSON, files={"conftest.py": conftest}, subprocess=True)
    (line,) = [line for line in result.outlines if "could not be written" in line]
    assert "UnicodeEncodeError" in line
    assert "page page" not in line


@pytest.mark.skipif(os.name == "nt", reason="its names are text")
def test_a_projects_directory_may_have_a_name_that_is_no_text(run_suite, pytester, monkeypatch):
    directory = pytester.path / os.fsdecode(b"shop\xff")
    directory.mkdir()
    (directory / "pytest.ini").touch()
    (directory / "test_suite.py").write_text(LEAK)
    monkeypatch.chdir(directory)
    run_suite("", "--hygiene-report=out.html")
    assert "shop\\udcff" in (directory / "out.html").read_text("utf-8")


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
    # pytester passes on what is not caught.
    fresh = end in ("KeyboardInterrupt", "SystemExit in a hook")
    run_suite(STOPS.format(end=code), JSON, *args, files={"broken.py": BROKEN}, subprocess=fresh)
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
