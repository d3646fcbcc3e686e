"""What turns up when the session ends reaches the summary, JUnit XML and the exit status."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

IMPORT_LEAK = "open('left.txt', 'w')\n\ndef test_a():\n    pass\n"
#: pytest ends the fixture only after the last report.
LEFTOVER = """
    import pytest

    @pytest.fixture(scope="session")
    def box():
        open("box.txt", "w")

    def test_a(box):
        {end}

    def test_b(box):
        pass
    """
INTERRUPTED = LEFTOVER.format(end="pytest.exit('enough')")
ERROR_LINE = "ERROR hygiene: file leaked by session fixture 'box' - *"


def cases(path) -> list[ElementTree.Element]:
    return list(ElementTree.parse(path).getroot().iter("testcase"))


def session_cases(path) -> list[ElementTree.Element]:
    return [case for case in cases(path) if case.get("name", "").startswith("hygiene: ")]


# -- every way to end

ENDS = {
    "KeyboardInterrupt": ("raise KeyboardInterrupt", (), pytest.ExitCode.INTERRUPTED),
    "pytest.exit": ("pytest.exit('enough')", (), pytest.ExitCode.INTERRUPTED),
    "-x": ("assert False", ("-x",), pytest.ExitCode.TESTS_FAILED),
    "--maxfail": ("assert False", ("--maxfail=1",), pytest.ExitCode.TESTS_FAILED),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_fixture_that_is_left_over_is_found_however_the_session_ends(run_suite, end):
    code, args, status = ENDS[end]
    # pytester passes a KeyboardInterrupt on.
    result = run_suite(LEFTOVER.format(end=code), *args, subprocess=end == "KeyboardInterrupt")
    result.stdout.fnmatch_lines(["hygiene: 1 leak *", "*test_suite.py:5 *", "ERROR * hygiene: file *"])
    assert result.ret == status


DROPS_IN_TEARDOWN = """
    import pytest

    @pytest.fixture(scope="session")
    def box():
        yield
        open("box.txt", "w")

    def test_a(box):
        {end}

    def test_b(box):
        pass
    """


@pytest.mark.parametrize("end", ENDS)
def test_what_a_fixture_that_is_left_over_drops_in_its_teardown_is_found_with(run_suite, end):
    code, args, status = ENDS[end]
    result = run_suite(DROPS_IN_TEARDOWN.format(end=code), *args, subprocess=end == "KeyboardInterrupt")
    result.stdout.fnmatch_lines(["hygiene: 1 leak *", "*test_suite.py:6 *", "ERROR * hygiene: file *"])
    assert result.ret == status


def test_an_exit_status_of_the_readers_own_is_kept_and_the_finding_printed(run_suite):
    # pytest prints no summary then.
    result = run_suite(LEFTOVER.format(end="pytest.exit('enough', returncode=7)"))
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests", "*session fixture 'box'*"])
    assert result.ret == 7


def test_a_collection_error_hides_no_finding(run_suite):
    result = run_suite("open('left.txt', 'w')\n\nimport nothing_of_that_name\n")
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests", "ERROR hygiene: file *"])
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_a_leak_found_by_collecting_only_fails_the_session(run_suite):
    result = run_suite(IMPORT_LEAK, "--collect-only")
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests", "ERROR hygiene: file *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_leak_without_any_test_fails_the_session(run_suite):
    result = run_suite("open('left.txt', 'w')\n")
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests", "ERROR hygiene: file *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_no_test_and_no_leak_is_what_pytest_says_it_is(run_suite):
    assert run_suite("import os\n").ret == pytest.ExitCode.NO_TESTS_COLLECTED


FAULTY = """
    import pytest

    def pytest_sessionfinish():
        raise {error}
    """


@pytest.mark.parametrize("error", ["RuntimeError('broken')", "pytest.exit('enough')"])
def test_another_plugins_fault_at_the_end_hides_no_finding(run_suite, error):
    files = {"conftest.py": FAULTY.format(error=error)}
    result = run_suite(INTERRUPTED, files=files, subprocess=True)
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests"])


def test_another_plugins_fault_at_the_end_is_not_ours_to_comment(run_suite):
    files = {"conftest.py": FAULTY.format(error="RuntimeError('broken')")}
    result = run_suite("def test_a():\n    pass\n", files=files, subprocess=True)
    result.stdout.no_fnmatch_line("*hygiene: *")


def test_an_internal_error_hides_no_finding(run_suite):
    files = {"conftest.py": "def pytest_runtest_logreport(report):\n    raise RuntimeError('broken')\n"}
    result = run_suite(IMPORT_LEAK, files=files)
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests"])
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR


# -- what the reader asked to be shown

SHOWN = {
    "-q": ("-q",),
    "-qq": ("-qq",),
    "--tb=no": ("--tb=no",),
    "-v": ("-v",),
    "-vv": ("-vv",),
    "-rA": ("-rA",),
}


@pytest.mark.parametrize("option", SHOWN)
def test_the_error_line_is_there_with(run_suite, option):
    result = run_suite(INTERRUPTED, *SHOWN[option])
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests", ERROR_LINE])


def test_who_wants_no_short_summary_gets_none(run_suite):
    result = run_suite(INTERRUPTED, "-rN")
    result.stdout.no_fnmatch_line("ERROR *")
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests", "*1 error*"])


def test_without_a_summary_the_exit_status_tells(run_suite):
    result = run_suite(IMPORT_LEAK, "--no-summary")
    result.stdout.fnmatch_lines(["*1 passed, 1 error*"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_without_a_terminal_the_exit_status_tells(run_suite):
    result = run_suite(IMPORT_LEAK, "-p", "no:terminal", subprocess=True)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("end", ["pytest.exit('enough')", "pytest.exit('enough', returncode=7)", "pass"])
def test_the_last_line_is_pytests(run_suite, end):
    result = run_suite(LEFTOVER.format(end=end))
    lines = [line for line in result.outlines if line]
    mine = max(number for number, line in enumerate(lines) if "hygiene" in line)
    last = max(number for number, line in enumerate(lines) if line.startswith("===") and " in " in line)
    assert mine < last


# -- JUnit XML


def test_a_session_finding_is_a_case_with_one_error(run_suite, pytester):
    run_suite(INTERRUPTED, "--junitxml=out.xml")
    (case,) = session_cases(pytester.path / "out.xml")
    assert case.get("classname") == "test_suite"
    assert case.get("name") == "hygiene: file leaked by session fixture 'box'"
    assert [part.tag for part in case] == ["properties", "error"]
    error = case[1]
    assert error.get("message") == "hygiene: file test_suite.py:5"
    assert "fix: " in error.text


def test_the_file_counts_every_case_once(run_suite, pytester):
    run_suite(IMPORT_LEAK, "--junitxml=out.xml")
    suite = ElementTree.parse(pytester.path / "out.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("2", "1", "0")
    assert len(cases(pytester.path / "out.xml")) == 2


def test_the_older_format_also_tells_file_and_line(run_suite, pytester):
    run_suite(INTERRUPTED, "--junitxml=out.xml", "-o", "junit_family=xunit1")
    (case,) = session_cases(pytester.path / "out.xml")
    # pytest counts from 0 here.
    assert (case.get("file"), case.get("line")) == ("test_suite.py", "2")


def test_the_newer_format_has_no_attribute_that_its_schema_forbids(run_suite, pytester):
    run_suite(INTERRUPTED, "--junitxml=out.xml")
    (case,) = session_cases(pytester.path / "out.xml")
    assert set(case.attrib) == {"classname", "name", "time"}


def test_the_class_name_begins_with_the_readers_prefix(run_suite, pytester):
    run_suite(INTERRUPTED, "--junitxml=out.xml", "--junitprefix=shop")
    (case,) = session_cases(pytester.path / "out.xml")
    assert case.get("classname") == "shop.test_suite"


def test_no_two_cases_have_the_same_name(run_suite, pytester):
    suite = "open('one.txt', 'w')\nopen('two.txt', 'w')\n\ndef test_a():\n    pass\n"
    run_suite(suite, "--junitxml=out.xml")
    names = [case.get("name") for case in session_cases(pytester.path / "out.xml")]
    assert names == [
        "hygiene: file leaked by the import of test_suite.py",
        "hygiene: file leaked by the import of test_suite.py (2)",
    ]


def test_a_leak_found_after_its_test_was_reported_names_the_test(run_suite, pytester):
    suite = """
    import sqlite3

    class TestShop:
        kept = []

        def test_a(self):
            self.kept.append(open("left.txt", "w"))

    def test_b():
        TestShop.kept.clear()
    """
    run_suite(suite, "--junitxml=out.xml")
    (case,) = session_cases(pytester.path / "out.xml")
    assert case.get("classname") == "test_suite.TestShop"
    assert case.get("name") == "hygiene: file leaked by test_a"


def test_a_run_without_session_findings_writes_the_file_once(run_suite):
    conftest = """
    import pytest
    from _pytest.junitxml import xml_key

    @pytest.hookimpl(trylast=True)
    def pytest_configure(config):
        xml = config.stash[xml_key]
        original = xml.pytest_sessionfinish
        config.writes = 0

        def write():
            config.writes += 1
            original()

        xml.pytest_sessionfinish = write

    def pytest_unconfigure(config):
        print("written again:", config.writes)
    """
    result = run_suite("def test_a():\n    pass\n", "--junitxml=out.xml", files={"conftest.py": conftest})
    result.stdout.fnmatch_lines(["written again: 0"])


BROKEN = """
    import pytest
    from _pytest.junitxml import xml_key

    @pytest.hookimpl(trylast=True)
    def pytest_configure(config):
        xml = config.stash[xml_key]

        def broken(*args):
            {how}

        xml.{name} = broken
    """
BREAKS = {
    "node_reporter": ("raise TypeError('changed')", "node_reporter"),
    "pytest_sessionfinish": (
        "open(xml.logfile, 'w').close(); raise TypeError('changed')",
        "pytest_sessionfinish",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_pytest_that_writes_its_file_otherwise_breaks_nothing(run_suite, pytester, name):
    how, attribute = BREAKS[name]
    files = {"conftest.py": BROKEN.format(how=how, name=attribute)}
    suite = "open('left.txt', 'w')\n"
    result = run_suite(suite, "--junitxml=out.xml", files=files)
    result.stdout.fnmatch_lines(
        ["hygiene: 1 leak outside tests", "a fault of pytest-flask-hygiene itself*JUnit XML: TypeError*"]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert cases(pytester.path / "out.xml") == []


# -- with pytest-xdist


def test_workers_findings_are_in_the_file_and_in_the_exit_status(run_suite, pytester):
    pytest.importorskip("xdist")
    result = run_suite(IMPORT_LEAK, "-n1", "--junitxml=out.xml", with_plugins=("xdist",), subprocess=True)
    (case,) = session_cases(pytester.path / "out.xml")
    assert case.get("name") == "hygiene: file leaked by the import of test_suite.py"
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests", "ERROR hygiene: file *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_worker_that_is_interrupted_hides_no_finding(run_suite, pytester):
    pytest.importorskip("xdist")
    result = run_suite(
        LEFTOVER.format(end="raise KeyboardInterrupt"),
        "-n1",
        "--junitxml=out.xml",
        with_plugins=("xdist",),
        subprocess=True,
    )
    assert len(session_cases(pytester.path / "out.xml")) == 1
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests", ERROR_LINE])
    assert result.ret == pytest.ExitCode.INTERRUPTED
