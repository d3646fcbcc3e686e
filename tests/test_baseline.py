"""The baseline: known leaks are accepted, new ones fail, and it only gets shorter."""

from __future__ import annotations

from textwrap import dedent

import pytest
from accepted_leaks import APP, BASELINE, FIXTURE, NEW_LEAK, UPDATE

pytest_plugins = ["accepted_leaks"]


def test_update_writes_the_leaks_and_accepts_them(suite, entries):
    result = suite(BASELINE, UPDATE)
    result.assert_outcomes(passed=5)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["known.json was written: 4 entries (4 more, 0 less)"])
    assert entries() == [
        ("sqlite", "shop.py", "connect", "test_suite.py::test_a", 1),
        ("sqlite", "shop.py", "connect", "test_suite.py::test_b", 1),
        ("file", "shop.py", "read", "test_suite.py::test_b", 1),
        ("file", "test_suite.py", "database", f"function {FIXTURE}", 1),
    ]


def test_known_leaks_fail_nobody(accepted, suite):
    result = suite(BASELINE)
    result.assert_outcomes(passed=5)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["hygiene: no new leaks", "accepted by known.json: 5 known leaks"])


def test_first_line_of_a_run_with_nothing_to_accept(run_suite, pytester):
    (pytester.path / "known.json").write_text('{"version": 1, "entries": []}')
    result = run_suite("def test_it():\n    pass\n", BASELINE)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_first_line_of_an_update_says_how_many_are_accepted(suite):
    suite(BASELINE, UPDATE).stdout.fnmatch_lines(["hygiene: 5 leaks accepted", "known.json was written: 4 *"])


def test_summary_counts_known_leaks_as_it_counts_others(suite):
    twice = {"shop.connect()\n\n": "for _ in range(3):\n        shop.connect()\n\n"}
    result = suite(replace=twice)
    result.stdout.fnmatch_lines(["hygiene: 5 leaks in 4 tests (found 7 times)"])
    result = suite(BASELINE, UPDATE, replace=twice)
    result.stdout.fnmatch_lines(["hygiene: 5 leaks (found 7 times) accepted"])
    result = suite(BASELINE, replace=twice)
    result.stdout.fnmatch_lines(["accepted by known.json: 5 known leaks (found 7 times)"])


def test_each_entry_has_a_line_of_its_own(accepted, suite, pytester):
    lines = (pytester.path / "known.json").read_text("utf-8").splitlines()
    assert len([line for line in lines if '"kind"' in line]) == 4
    assert all(line.startswith('    {"kind": ') for line in lines if '"kind"' in line)


def test_new_leak_fails(accepted, suite):
    result = suite(BASELINE, replace=NEW_LEAK)
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        ["hygiene: 1 leak in 1 test", "FAILED test_suite.py::test_clean - hygiene: file*"]
    )


def test_new_test_that_uses_a_leaky_fixture_is_not_to_blame(accepted, suite):
    new = {"def test_clean():\n    pass": "def test_clean(database):\n    pass"}
    suite(BASELINE, replace=new).assert_outcomes(passed=5)


def test_more_of_the_same_fails(accepted, suite):
    result = suite(BASELINE, replace={"shop.connect()\n\n": "shop.connect()\n    shop.connect()\n\n"})
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*more of them than the 1 that the baseline accepts*"])


def test_lines_may_move(accepted, suite):
    moved = "\n" * 100 + dedent(APP).replace("\n\n", "\n" * 100)
    result = suite(BASELINE, replace={"import shop": "import shop" + "\n" * 100}, app=moved)
    result.assert_outcomes(passed=5)


def test_leak_that_moves_to_another_function_is_new(accepted, suite):
    result = suite(
        BASELINE, app=dedent(APP).replace("def read():", "def read():\n    other()\n\ndef other():")
    )
    result.assert_outcomes(passed=4, failed=1)


def test_directory_of_the_project_may_move(suite, pytester):
    suite(BASELINE, UPDATE)
    assert str(pytester.path) not in (pytester.path / "known.json").read_text("utf-8")


def test_fixed_leaks_can_be_removed(accepted, suite):
    fixed = dedent(APP).replace("open(__file__)", "open(__file__).close()")
    result = suite(BASELINE, app=fixed)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["known.json: 1 entry can be removed: --hygiene-update-baseline does it"])


@pytest.mark.parametrize("flags", [(), ("--hygiene-strict",)], ids=["default", "strict"])
def test_entries_of_which_some_is_left_can_be_lowered(suite, flags):
    twice = {"shop.connect()\n\n": "shop.connect()\n    shop.connect()\n\n"}
    suite(BASELINE, UPDATE, replace=twice)
    result = suite(BASELINE, *flags)
    result.stdout.fnmatch_lines(["*known.json: 1 entry can be lowered: --hygiene-update-baseline*"])
    fixed = dedent(APP).replace("open(__file__)", "open(__file__).close()")
    result = suite(BASELINE, *flags, app=fixed)
    result.stdout.fnmatch_lines(
        ["*known.json: 1 entry can be removed, 1 lowered: --hygiene-update-baseline*"]
    )


def test_fixed_leaks_are_an_error_in_strict_mode(accepted, suite):
    fixed = dedent(APP).replace("open(__file__)", "open(__file__).close()")
    result = suite(BASELINE, "--hygiene-strict", app=fixed)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "*known.json: 1 entry can be removed: --hygiene-update-baseline",
            "*file opened in shop.py read, by test_suite.py::test_b",
            "ERROR hygiene: known.json: 1 entry can be removed*",
        ]
    )


def test_update_removes_what_is_fixed(accepted, suite, entries):
    fixed = dedent(APP).replace("open(__file__)", "open(__file__).close()")
    result = suite(BASELINE, UPDATE, app=fixed)
    result.stdout.fnmatch_lines(["known.json was written: 3 entries (0 more, 1 less)"])
    assert "read" not in [function for _, _, function, _, _ in entries()]


def test_update_lowers_counts(suite, entries):
    twice = {"shop.connect()\n\n": "shop.connect()\n    shop.connect()\n\n"}
    suite(BASELINE, UPDATE, replace=twice)
    assert entries()[0][-1] == 2
    suite(BASELINE, UPDATE)
    assert entries()[0][-1] == 1


def test_update_of_a_part_keeps_the_rest(accepted, suite, entries):
    before = entries()
    result = suite(BASELINE, UPDATE, "-k", "test_a", app=dedent(APP).replace("sqlite3.connect", "str"))
    result.assert_outcomes(passed=1, deselected=4)
    assert entries() == before[1:]


def test_update_keeps_the_entries_of_tests_that_failed_or_were_skipped(accepted, suite, entries):
    before = entries()
    skipped = {
        "def test_a():\n": "def test_a():\n    pytest.skip()\n",
        "def test_b():\n": "def test_b():\n    assert 0\n",
    }
    suite(BASELINE, UPDATE, replace=skipped)
    assert entries() == before


def test_update_forgets_tests_that_are_gone(accepted, suite, entries):
    suite(BASELINE, UPDATE, replace={"def test_a(": "def test_new("})
    assert [owner for *_, owner, _ in entries()] == [
        "test_suite.py::test_b",
        "test_suite.py::test_new",
        "test_suite.py::test_b",
        f"function {FIXTURE}",
    ]


def test_nothing_is_removable_where_it_did_not_run(accepted, suite):
    result = suite(BASELINE, "-k", "test_clean")
    result.stdout.no_fnmatch_line("*can be removed*")


def test_rerun_does_not_count_twice(accepted, suite):
    flaky = {
        "def test_a():\n    shop.connect()": (
            "tries = []\ndef test_a():\n    shop.connect()\n    tries.append(1)\n    assert len(tries) > 1"
        )
    }
    result = suite(BASELINE, "--reruns=2", replace=flaky, with_plugins=("rerunfailures",))
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["*1 rerun*"])


def test_workers_accept_what_one_process_has_written(accepted, suite):
    suite(BASELINE, "-n2", with_plugins=("xdist",)).assert_outcomes(passed=5)


def test_session_fixture_of_several_workers_is_one_entry(run_suite, entries):
    source = """
        import pytest

        @pytest.fixture(scope="session")
        def database():
            file = open(__file__)
            yield
            del file

        @pytest.mark.parametrize("number", range(6))
        def test_it(database, number):
            pass
    """
    run_suite(source, BASELINE, UPDATE, "-n2", with_plugins=("xdist",))
    assert entries() == [("file", "test_suite.py", "database", f"session {FIXTURE}", 1)]
    result = run_suite(source, BASELINE)
    result.assert_outcomes(passed=6)
    assert result.ret == pytest.ExitCode.OK


def test_ini_names_the_file_relative_to_itself(suite, pytester, entries):
    (pytester.path / "pytest.ini").write_text("[pytest]\nhygiene_baseline = known.json\n")
    suite(UPDATE)
    assert len(entries()) == 4
    suite().assert_outcomes(passed=5)


def test_command_line_outranks_the_ini_file(suite, pytester, entries):
    (pytester.path / "pytest.ini").write_text("[pytest]\nhygiene_baseline = other.json\n")
    suite(BASELINE, UPDATE)
    assert len(entries()) == 4
    assert not (pytester.path / "other.json").exists()


def test_strict_findings_can_be_accepted_too(run_suite, entries):
    source = "kept = []\n\ndef test_it():\n    kept.append(open(__file__))\n"
    run_suite(source, "--hygiene-strict", BASELINE, UPDATE).assert_outcomes(passed=1)
    run_suite(source, "--hygiene-strict", BASELINE).assert_outcomes(passed=1)
    run_suite(source, "--hygiene-strict").assert_outcomes(passed=1, errors=1)


def test_findings_outside_tests_can_be_accepted(run_suite, entries):
    source = "open(__file__)\n\ndef test_it():\n    pass\n"
    assert run_suite(source, BASELINE, UPDATE).ret == pytest.ExitCode.OK
    assert entries() == [("file", "test_suite.py", "<module>", "the import of test_suite.py", 1)]
    assert run_suite(source, BASELINE).ret == pytest.ExitCode.OK
    assert run_suite(source).ret == pytest.ExitCode.TESTS_FAILED
