"""What the hooks of conftest files and other plugins still meet, and what they can't hide."""

from __future__ import annotations

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
