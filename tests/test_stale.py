"""Strict mode: marks and lines that match nothing, or give no reason."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

SUITE = """
    import pytest

    @pytest.mark.allow_leak("file", reason="known")
    @pytest.mark.parametrize("leaks", [True, False])
    def test_it(leaks):
        if leaks:
            open(__file__)

    @pytest.mark.allow_leak("file", "socket", match="x", reason="known")
    def test_other():
        pass
"""
STALE = "ERROR hygiene: allow_leak('file', 'socket', match='x') on *::test_other matched nothing: remove it*"


def ini(*lines):
    return {"pytest.ini": "\n".join(("[pytest]", "hygiene_allow =", *(f"    {x}" for x in lines)))}


def test_mark_that_matched_nothing_is_an_error_in_strict_mode(run_suite):
    result = run_suite(SUITE, "--hygiene-strict")
    result.assert_outcomes(passed=3, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    see = "see: docs/messages.md in pytest-flask-hygiene"
    result.stdout.fnmatch_lines(
        ["outside tests:", "  allow_leak('file', 'socket', match='x') on *", see, STALE]
    )


def test_mark_that_matched_in_one_of_its_tests_is_in_use(run_suite):
    assert "on test_suite.py::test_it" not in run_suite(SUITE, "--hygiene-strict").stdout.str()


def test_nothing_is_stale_by_default(run_suite):
    result = run_suite(SUITE)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*matched nothing*")


def test_mark_of_a_class_is_judged_over_all_of_its_tests(run_suite):
    suite = """
        import pytest

        @pytest.mark.allow_leak(reason="known")
        class TestShop:
            def test_clean(self):
                pass

            def test_leaks(self):
                open(__file__)

        @pytest.mark.allow_leak(reason="known")
        class TestClean:
            def test_clean(self):
                pass
    """
    result = run_suite(suite, "--hygiene-strict")
    result.stdout.fnmatch_lines(["ERROR hygiene: allow_leak() on test_suite.py::TestClean matched nothing*"])
    result.stdout.no_fnmatch_line("*TestShop*")


def test_mark_of_a_module_is_judged_once(run_suite):
    suite = "import pytest\npytestmark = pytest.mark.allow_leak('file', reason='x')\n"
    suite += "def test_a(): pass\ndef test_b(): pass\n"
    result = run_suite(suite, "--hygiene-strict")
    assert (
        result.stdout.str().count("ERROR hygiene: allow_leak('file') on test_suite.py matched nothing") == 1
    )


PARAMETRIZED = """
    import pytest

    @pytest.mark.allow_leak("file", reason="known")
    @pytest.mark.parametrize("leaks", [False, True])
    def test_it(leaks):
        pass

    def test_other():
        pass
"""


def test_mark_is_not_judged_if_not_all_of_its_tests_ran(run_suite):
    result = run_suite(PARAMETRIZED, "--hygiene-strict", "-k", "not False")
    result.stdout.no_fnmatch_line("*matched nothing*")


@pytest.mark.parametrize("args", [("test_suite.py::test_it",), ("--deselect", "test_suite.py::test_other")])
def test_mark_is_judged_if_all_of_its_tests_ran(run_suite, args):
    result = run_suite(PARAMETRIZED, "--hygiene-strict", *args)
    result.stdout.fnmatch_lines(["ERROR hygiene: allow_leak('file') on *::test_it matched nothing*"])


@pytest.mark.parametrize("body", ["pytest.skip('x')", "assert 0", "pytest.xfail('x')"])
def test_mark_of_a_test_that_did_not_pass_is_not_judged(run_suite, body):
    suite = f"import pytest\n\n@pytest.mark.allow_leak(reason='x')\ndef test_it():\n    {body}\n"
    run_suite(suite, "--hygiene-strict").stdout.no_fnmatch_line("*matched nothing*")


def test_mark_is_not_judged_after_a_stop(run_suite):
    suite = """
        import pytest

        def test_first():
            assert 0

        @pytest.mark.allow_leak(reason="x")
        def test_it():
            pass
    """
    run_suite(suite, "--hygiene-strict", "-x").stdout.no_fnmatch_line("*matched nothing*")


def test_last_failed_run_judges_no_mark_whose_tests_were_left_out(run_suite):
    suite = """
        import pytest

        @pytest.mark.allow_leak("file", reason="x")
        class TestShop:
            def test_leaks(self):
                open(__file__)

            def test_fails(self):
                assert 0
    """
    run_suite(suite, "--hygiene-strict", cache=True).assert_outcomes(passed=1, failed=1)
    mended = suite.replace("assert 0", "pass")
    result = run_suite(mended, "--hygiene-strict", "--lf", cache=True)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*matched nothing*")


def test_mark_without_a_reason_is_an_error_in_strict_mode(run_suite):
    suite = "import pytest\n\n@pytest.mark.allow_leak('file')\ndef test_it():\n    open(__file__)\n"
    result = run_suite(suite, "--hygiene-strict")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["ERROR hygiene: allow_leak('file') on test_suite.py::test_it has no reason: add reason=*"]
    )


def test_line_that_matched_nothing_is_an_error_in_strict_mode(run_suite):
    result = run_suite(SUITE, "--hygiene-strict", files=ini("socket  # why", "tempdir  # x"))
    result.stdout.fnmatch_lines(['ERROR hygiene: hygiene_allow: "socket  # why" matched nothing*'])


def test_line_without_a_reason_is_an_error_in_strict_mode(run_suite):
    suite = "def test_it():\n    open(__file__)\n"
    result = run_suite(suite, "--hygiene-strict", files=ini("file"))
    result.stdout.fnmatch_lines(['ERROR hygiene: hygiene_allow: "file" has no reason: add one after "  # "*'])


@pytest.mark.parametrize("args", [("-k", "test_it"), ("test_suite.py",), ("test_suite.py::test_other",)])
def test_line_is_judged_only_where_the_whole_suite_ran(run_suite, args):
    files = {**ini("socket  # why"), "test_more.py": "def test_more(): pass\n"}
    result = run_suite(SUITE, "--hygiene-strict", *args, files=files)
    result.stdout.no_fnmatch_line("*hygiene_allow*")


@pytest.mark.parametrize("args", [(), (".",), ("test_suite.py", "test_more.py")])
def test_line_is_judged_where_the_testpaths_ran(run_suite, args):
    files = {
        "pytest.ini": ini("socket  # why")["pytest.ini"] + "\ntestpaths = test_suite.py test_more.py\n",
        "test_more.py": "def test_more(): pass\n",
    }
    result = run_suite(SUITE, "--hygiene-strict", *args, files=files)
    result.stdout.fnmatch_lines(["ERROR hygiene: hygiene_allow: *"])


def test_findings_are_the_same_under_xdist(run_suite):
    result = run_suite(SUITE, "--hygiene-strict", "-n2", files=ini("socket  # why"), with_plugins=("xdist",))
    result.assert_outcomes(passed=3, errors=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([STALE, 'ERROR hygiene: hygiene_allow: "socket  # why" matched nothing*'])
    assert result.stdout.str().count("ERROR hygiene") == 2


def test_nothing_is_judged_after_a_worker_has_crashed(run_suite):
    suite = SUITE + "\n    def test_crash():\n        import os\n        os._exit(1)\n"
    result = run_suite(suite, "--hygiene-strict", "-n1", files=ini("socket  # why"), with_plugins=("xdist",))
    result.stdout.no_fnmatch_line("*hygiene_allow*")


def test_stale_marks_are_errors_in_junit_xml(run_suite, pytester):
    run_suite(SUITE, "--hygiene-strict", "--junit-xml=junit.xml")
    cases = ElementTree.parse(pytester.path / "junit.xml").iter("testcase")
    errors = [case.get("name") for case in cases if case.find("error") is not None]
    assert len(errors) == 1
    assert errors[0].startswith("hygiene: allow_leak('file', 'socket', match='x') on ")


def test_stale_marks_are_in_the_json_report(run_suite, pytester):
    run_suite(SUITE, "--hygiene-strict", "--hygiene-report=report.json")
    (stale,) = json.loads((pytester.path / "report.json").read_text("utf-8"))["stale"]
    assert stale["title"].endswith("matched nothing: remove it")
    assert stale["lines"] == []
