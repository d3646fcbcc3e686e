"""What the hooks of conftest files and other plugins still meet, and what they can't hide."""

from __future__ import annotations

import pytest
from reading_runs import without_fault

# -- the values of fixtures, after a test that left something open

VALUES = """
    import pytest

    class Box:
        pass

    @pytest.fixture
    def name():
        return "Bob"

    @pytest.fixture
    def options():
        return {"sizes": [1, 2], "of": ("shop", None)}

    @pytest.fixture
    def box():
        box = Box()
        box.file = open("left.txt", "w")
        return box

    def test_holds(name, options, box):
        pass
    """

READS_PLAIN_VALUES = """
    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item):
        report = yield
        values = item.funcargs
        report.sections.append(("values", f"{values['name'].upper()} {values['options']['sizes']}"))
        return report
    """


def test_plain_values_of_fixtures_are_there_for_the_teardowns_report(run_suite):
    result = run_suite(VALUES, files={"conftest.py": READS_PLAIN_VALUES})
    result.assert_outcomes(passed=1, errors=1)
    reports = result.reprec.getreports("pytest_runtest_logreport")
    assert [dict(report.sections)["values"] for report in reports] == ["BOB [1, 2]"] * 3


def test_a_fixture_value_whose_class_has_no_hash_is_no_fault(run_suite):
    source = """
    import pytest

    class Meta(type):
        def __hash__(cls):
            raise RuntimeError("hostile")

    class Box(metaclass=Meta):
        pass

    @pytest.fixture
    def box():
        box = Box()
        box.file = open("left.txt", "w")
        return box

    def test_holds(box):
        pass
    """
    result = run_suite(source)
    result.assert_outcomes(passed=1, errors=1)
    assert without_fault(result)


LOOKS_FOR_A_VALUE = """
    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item):
        report = yield
        if "box" in item.funcargs:
            item.funcargs["box"].file.flush()
        return report
    """


def test_a_value_that_is_gone_is_not_said_to_be_there(run_suite):
    result = run_suite(VALUES, files={"conftest.py": LOOKS_FOR_A_VALUE})
    result.assert_outcomes(passed=1, errors=1)


# -- reports that nobody is told of

#: As flaky does: it makes its mind up by what the test raised, and logs no report of one that it runs again.
LOGS_NO_FAILURE = """
    from _pytest.runner import call_and_report

    def pytest_runtest_protocol(item, nextitem):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for when in ("setup", "call", "teardown"):
            more = {"nextitem": nextitem} if when == "teardown" else {}
            report = call_and_report(item, when, log=False, **more)
            if not report.failed:
                item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True
    """

LEAK = """
    def test_leak():
        open("left.txt", "w")

    def test_clean():
        pass
    """


def test_a_leak_whose_report_another_plugin_kept_to_itself_fails_the_session(run_suite):
    result = run_suite(LEAK, files={"conftest.py": LOGS_NO_FAILURE})
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "hygiene: 1 leak outside tests",
            "*test_suite.py::test_leak*",
            "ERROR hygiene: file leaked by test_suite.py::test_leak*",
        ]
    )
    assert without_fault(result)


ENDS_THE_RUN = """
    import pytest

    def pytest_runtest_logreport(report):
        if report.failed:
            pytest.exit("the first failure", returncode=1)
    """


def test_a_hook_that_ends_the_run_at_a_failure_does_not_make_two_of_it(run_suite):
    result = run_suite(LEAK, files={"conftest.py": ENDS_THE_RUN})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


RENAMES = """
    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport():
        report = yield
        report.nodeid = "what it is about"
        return report
    """


def test_a_report_that_was_given_another_name_is_one_failure(run_suite):
    result = run_suite(LEAK, files={"conftest.py": RENAMES})
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


def test_with_warn_a_report_that_is_kept_back_fails_nothing(run_suite):
    result = run_suite(LEAK, "--hygiene=warn", files={"conftest.py": LOGS_NO_FAILURE})
    assert result.ret == pytest.ExitCode.OK


# -- two tests of the same node id

TWINS = """
    import pytest

    def pytest_collect_file(file_path, parent):
        if file_path.suffix == ".steps":
            return Steps.from_parent(parent, path=file_path)

    class Steps(pytest.File):
        def collect(self):
            for number, line in enumerate(self.path.read_text().split()):
                step = Step.from_parent(self, name="step")
                step.does = line
                yield step

    class Step(pytest.Item):
        def runtest(self):
            if self.does == "leak":
                open("left.txt", "w")
    """


def test_a_test_of_the_same_node_id_hides_no_leak(run_suite):
    result = run_suite(files={"conftest.py": TWINS, "shop.steps": "leak clean"})
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


# -- what pytest leaves in ``sys`` for a debugger

AT_A_PROMPT = """
    import sys
    import pytest

    sys.ps1 = ">>> "
    pytest.main(sys.argv[1:])
    print("LAST", repr(sys.last_value))
    """


FAILS = """
    def test_fails():
        file = open("held.txt", "w")
        raise ValueError("wrong")
    """


def test_at_an_interactive_prompt_the_last_failure_stays_for_a_debugger(pytester):
    pytester.makepyfile(test_suite=FAILS, prompt=AT_A_PROMPT)
    result = pytester.runpython_c("import runpy; runpy.run_path('prompt.py')")
    result.stdout.fnmatch_lines(["hygiene: no leaks", "LAST ValueError('wrong')"])
