"""The baseline's entries: which leaks are the same, and which entries stay if not all of the suite ran."""

from __future__ import annotations

import pytest
from accepted_leaks import BASELINE, UPDATE

pytest_plugins = ["accepted_leaks"]


# -- what ran, and what did not


LEAKY_FIXTURE = """
    import os, pytest

    @pytest.fixture
    def database():
        open(__file__)
        yield

    @pytest.mark.skipif("SKIP" in os.environ, reason="x")
    def test_one(database):
        pass

    def test_two():
        pass
"""


def test_entry_of_a_fixture_stays_if_its_tests_were_skipped(run_suite, entries, monkeypatch):
    run_suite(LEAKY_FIXTURE, BASELINE, UPDATE)
    before = entries()
    monkeypatch.setenv("SKIP", "1")
    assert run_suite("", BASELINE, "--hygiene-strict").ret == pytest.ExitCode.OK
    run_suite("", BASELINE, UPDATE)
    assert entries() == before


def test_entry_of_a_fixture_goes_although_another_test_was_skipped(run_suite, entries, monkeypatch):
    source = LEAKY_FIXTURE + '\n    @pytest.mark.skip(reason="x")\n    def test_three():\n        pass\n'
    run_suite(source, BASELINE, UPDATE)
    run_suite(source.replace("open(__file__)", "pass"), BASELINE, UPDATE)
    assert entries() == []


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan", "--setup-only"])
def test_run_without_tests_writes_nothing(suite, pytester, option):
    suite(BASELINE, UPDATE, option).stdout.fnmatch_lines(
        ["known.json was not written: no test was to be run"]
    )
    assert not (pytester.path / "known.json").exists()


@pytest.mark.parametrize(
    ("more", "args"),
    [
        ("import pytest\npytest.skip('x', allow_module_level=True)\n", ()),
        ("raise ImportError\n", ("--continue-on-collection-errors",)),
        ("", ("--ignore=test_more.py",)),
    ],
)
def test_update_keeps_the_entries_of_files_that_were_left_out(suite, entries, pytester, more, args):
    path = pytester.path / "test_more.py"
    path.write_text("def test_more():\n    open(__file__)\n")
    suite(BASELINE, UPDATE)
    before = entries()
    path.write_text(more + path.read_text())
    suite(BASELINE, UPDATE, *args)
    assert entries() == before


def test_update_writes_nothing_after_pytest_exit(run_suite, entries):
    run_suite(LEAKY_FIXTURE, BASELINE, UPDATE)
    before = entries()
    exiting = LEAKY_FIXTURE.replace(
        "def test_one(database):\n        pass", "def test_one():\n        pytest.exit('x', 0)"
    )
    run_suite(exiting, BASELINE, UPDATE, subprocess=True)
    assert entries() == before


# -- which leaks are the same


def test_more_of_an_imports_leak_fails(run_suite, monkeypatch):
    app = "import os\nfor number in range(int(os.environ.get('N', 1))):\n    open(__file__)\n"
    files = {"shop.py": app, "test_it.py": "import shop\ndef test_it(): pass\n"}
    assert run_suite("", BASELINE, UPDATE, files=files, subprocess=True).ret == pytest.ExitCode.OK
    monkeypatch.setenv("N", "3")
    result = run_suite("", BASELINE, subprocess=True)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*more of them than the 1 that the baseline accepts"])


def test_cycle_of_a_fixture_is_known_whichever_test_meets_it(run_suite, entries):
    app = """
        def fail():
            try:
                1 / 0
            except ZeroDivisionError as e:
                error = e
    """
    source = """
        import pytest, shop

        @pytest.fixture(scope="module")
        def broken():
            shop.fail()
            yield

        def test_a(broken): pass
        def test_b(broken): pass
    """
    run_suite(source, BASELINE, UPDATE, files={"shop.py": app})
    assert entries() == [("cycle", "shop.py", "fail", "module fixture 'broken' of test_suite.py", 1)]
    run_suite(source, BASELINE, "-k", "test_b").assert_outcomes(passed=1, deselected=1)


def test_asking_for_findings_uses_up_nothing(run_suite):
    source = """
        def test_it(hygiene):
            open(__file__)
            assert hygiene.findings
            assert hygiene.findings
            hygiene.check()
    """
    run_suite(source, BASELINE, UPDATE).assert_outcomes(passed=1)
    run_suite(source, BASELINE).assert_outcomes(passed=1)


def test_leak_of_the_development_server_can_be_accepted_and_another_is_new(run_suite, entries, monkeypatch):
    app = """
        import os
        from flask import Flask
        app = Flask(__name__)
        one = open(__file__)
        if "NEW" in os.environ:
            other = open(__file__)
    """
    source = """
        def test_it(dev_server):
            server = dev_server("shop")
            server.reload().check()
            server.stop().check()
    """
    run_suite(source, BASELINE, UPDATE, files={"shop.py": app}).assert_outcomes(passed=1)
    assert [entry[:3] for entry in entries()] == [("file", "shop.py", "<module>")]
    run_suite(source, BASELINE).assert_outcomes(passed=1)
    monkeypatch.setenv("NEW", "1")
    run_suite(source, BASELINE).assert_outcomes(failed=1)


def test_leak_in_a_comprehension_is_its_functions_on_every_python(run_suite, entries):
    run_suite("def test_it():\n    [open(__file__) for _ in range(2)]\n", BASELINE, UPDATE)
    assert entries() == [("file", "test_suite.py", "test_it", "test_suite.py::test_it", 2)]


def test_fixtures_of_two_classes_are_two(run_suite, entries):
    source = """
        import pytest

        class TestA:
            @pytest.fixture(scope="class")
            def database(self):
                open(__file__)

            def test_it(self, database):
                pass
    """
    run_suite(source, BASELINE, UPDATE)
    assert [owner for *_, owner, _ in entries()] == ["class fixture 'database' of test_suite.py::TestA"]
    run_suite(source + source.replace("TestA", "TestB"), BASELINE).assert_outcomes(passed=2, errors=1)


def test_file_beside_the_project_has_a_relative_path(run_suite, entries, pytester):
    project = pytester.mkdir("project")
    (pytester.path / "beside.py").write_text("def leak():\n    open(__file__)\n")
    (project / "pytest.ini").write_text("[pytest]\npythonpath = . ..\n")
    (project / "test_it.py").write_text("import beside\n\ndef test_it():\n    beside.leak()\n")
    run_suite("", BASELINE, UPDATE, "project")
    assert entries() == [("file", "../beside.py", "leak", "test_it.py::test_it", 1)]


def test_run_without_strict_mode_takes_nothing_away_that_strict_mode_needs(run_suite, entries):
    source = "kept = []\n\ndef test_it():\n    kept.append(open(__file__))\n"
    run_suite(source, "--hygiene-strict", BASELINE, UPDATE)
    before = entries()
    run_suite(source, BASELINE).stdout.no_fnmatch_line("*can be removed*")
    run_suite(source, BASELINE, UPDATE)
    assert entries() == before


def test_each_worker_running_every_test_counts_once(accepted, suite, entries):
    before = entries()
    suite(BASELINE, UPDATE, "--tx=2*popen", "--dist=each", with_plugins=("xdist",))
    assert entries() == before
