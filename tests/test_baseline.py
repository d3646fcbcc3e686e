"""The baseline: known leaks are accepted, new ones fail, and it only gets shorter."""

from __future__ import annotations

import json
import os
import stat
from textwrap import dedent

import pytest

APP = """
    import sqlite3

    def connect():
        sqlite3.connect(":memory:")

    def read():
        open(__file__)
"""
SUITE = """
    import pytest
    import shop

    @pytest.fixture
    def database():
        file = open(__file__)
        yield
        del file

    def test_a():
        shop.connect()

    def test_b():
        shop.connect()
        shop.read()

    def test_c(database):
        pass

    def test_d(database):
        pass

    def test_clean():
        pass
"""
NEW_LEAK = {"def test_clean():\n    pass": "def test_clean():\n    shop.read()"}
FIXTURE = "fixture 'database' of test_suite.py"
BASELINE = "--hygiene-baseline=known.json"
UPDATE = "--hygiene-update-baseline"


@pytest.fixture
def entries(pytester):
    """The baseline's entries, as (kind, file, function, owner, count)."""

    def entries():
        data = json.loads((pytester.path / "known.json").read_text("utf-8"))
        assert data["version"] == 1
        return [tuple(entry.values()) for entry in data["entries"]]

    return entries


@pytest.fixture
def suite(run_suite, pytester):
    """Run the suite, with parts of it replaced."""

    def suite(*args, replace=None, app=None, **options):
        source = dedent(SUITE)
        for old, new in (replace or {}).items():
            assert old in source
            source = source.replace(old, new)
        return run_suite(source, *args, files={"shop.py": APP if app is None else app}, **options)

    return suite


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


def test_known_leaks_fail_nobody(suite):
    suite(BASELINE, UPDATE)
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


def test_each_entry_has_a_line_of_its_own(suite, pytester):
    suite(BASELINE, UPDATE)
    lines = (pytester.path / "known.json").read_text("utf-8").splitlines()
    assert len([line for line in lines if '"kind"' in line]) == 4
    assert all(line.startswith('    {"kind": ') for line in lines if '"kind"' in line)


def test_new_leak_fails(suite):
    suite(BASELINE, UPDATE)
    result = suite(BASELINE, replace=NEW_LEAK)
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        ["hygiene: 1 leak in 1 test", "FAILED test_suite.py::test_clean - hygiene: file*"]
    )


def test_new_test_that_uses_a_leaky_fixture_is_not_to_blame(suite):
    suite(BASELINE, UPDATE)
    new = {"def test_clean():\n    pass": "def test_clean(database):\n    pass"}
    suite(BASELINE, replace=new).assert_outcomes(passed=5)


def test_more_of_the_same_fails(suite):
    suite(BASELINE, UPDATE)
    result = suite(BASELINE, replace={"shop.connect()\n\n": "shop.connect()\n    shop.connect()\n\n"})
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*more of them than the 1 that the baseline accepts*"])


def test_lines_may_move(suite):
    suite(BASELINE, UPDATE)
    moved = "\n" * 100 + dedent(APP).replace("\n\n", "\n" * 100)
    result = suite(BASELINE, replace={"import shop": "import shop" + "\n" * 100}, app=moved)
    result.assert_outcomes(passed=5)


def test_leak_that_moves_to_another_function_is_new(suite):
    suite(BASELINE, UPDATE)
    result = suite(
        BASELINE, app=dedent(APP).replace("def read():", "def read():\n    other()\n\ndef other():")
    )
    result.assert_outcomes(passed=4, failed=1)


def test_directory_of_the_project_may_move(suite, pytester, tmp_path):
    suite(BASELINE, UPDATE)
    assert str(pytester.path) not in (pytester.path / "known.json").read_text("utf-8")


def test_fixed_leaks_can_be_removed(suite):
    suite(BASELINE, UPDATE)
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


def test_fixed_leaks_are_an_error_in_strict_mode(suite):
    suite(BASELINE, UPDATE)
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


def test_update_removes_what_is_fixed(suite, entries):
    suite(BASELINE, UPDATE)
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


def test_update_of_a_part_keeps_the_rest(suite, entries):
    suite(BASELINE, UPDATE)
    before = entries()
    result = suite(BASELINE, UPDATE, "-k", "test_a", app=dedent(APP).replace("sqlite3.connect", "str"))
    result.assert_outcomes(passed=1, deselected=4)
    assert entries() == before[1:]


def test_update_keeps_the_entries_of_tests_that_failed_or_were_skipped(suite, entries):
    suite(BASELINE, UPDATE)
    before = entries()
    skipped = {
        "def test_a():\n": "def test_a():\n    pytest.skip()\n",
        "def test_b():\n": "def test_b():\n    assert 0\n",
    }
    suite(BASELINE, UPDATE, replace=skipped)
    assert entries() == before


def test_update_forgets_tests_that_are_gone(suite, entries):
    suite(BASELINE, UPDATE)
    suite(BASELINE, UPDATE, replace={"def test_a(": "def test_new("})
    assert [owner for *_, owner, _ in entries()] == [
        "test_suite.py::test_b",
        "test_suite.py::test_new",
        "test_suite.py::test_b",
        f"function {FIXTURE}",
    ]


def test_nothing_is_removable_where_it_did_not_run(suite):
    suite(BASELINE, UPDATE)
    result = suite(BASELINE, "-k", "test_clean")
    result.stdout.no_fnmatch_line("*can be removed*")


def test_rerun_does_not_count_twice(suite):
    suite(BASELINE, UPDATE)
    flaky = {
        "def test_a():\n    shop.connect()": (
            "tries = []\ndef test_a():\n    shop.connect()\n    tries.append(1)\n    assert len(tries) > 1"
        )
    }
    result = suite(BASELINE, "--reruns=2", replace=flaky, with_plugins=("rerunfailures",))
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["*1 rerun*"])


def test_workers_agree_with_one_process(suite, entries):
    suite(BASELINE, UPDATE)
    before = entries()
    os.unlink("known.json")
    result = suite(BASELINE, UPDATE, "-n2", with_plugins=("xdist",))
    result.assert_outcomes(passed=5)
    assert entries() == before
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


def test_leak_of_the_development_server_can_be_accepted(run_suite, entries):
    files = {"shop.py": "import flask\nfile = open(__file__)\napp = flask.Flask(__name__)\n"}
    source = """
        def test_it(dev_server):
            server = dev_server("shop")
            server.reload().check()
            server.stop().check()
    """
    run_suite(source, BASELINE, UPDATE, files=files).assert_outcomes(passed=1)
    assert [entry[:3] for entry in entries()] == [("file", "shop.py", "<module>")]
    run_suite(source, BASELINE).assert_outcomes(passed=1)


# -- faults --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{\n  oops", "line 2: not JSON: *"),
        ('{"version": 1,\n<<<<<<< HEAD\n', "line 2: not JSON: *; it has conflict markers"),
        ("[]", "version None is not 1, the one that this pytest-flask-hygiene reads"),
        ('{"version": 2, "entries": []}', "version 2 is not 1, *"),
        ('{"version": 1, "entries": {}}', '"entries" is not a list'),
        (
            '{"version": 1, "entries": [{"kind": "file"}]}',
            "entry 1 is not an object with kind, file, function*",
        ),
    ],
)
@pytest.mark.parametrize("args", [(), (UPDATE,)])
def test_damaged_file_is_a_usage_error_and_stays_as_it_is(suite, pytester, text, message, args):
    path = pytester.path / "known.json"
    path.write_text(text)
    result = suite(BASELINE, *args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: hygiene baseline *known.json: {message} (see docs/messages.md in pytest-flask-hygiene)"]
    )
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            (BASELINE,),
            "hygiene baseline *known.json: there is no such file; --hygiene-update-baseline writes one",
        ),
        ((UPDATE,), "--hygiene-update-baseline: which file? Name it with --hygiene-baseline=FILE or *"),
        (
            (BASELINE, UPDATE, "--hygiene=off"),
            "--hygiene-update-baseline: nothing can be found with --hygiene=off",
        ),
        (("--hygiene-baseline=",), "--hygiene-baseline: the name of a file is missing"),
        (("--hygiene-baseline=.",), "hygiene baseline *: can't be read: *"),
    ],
)
def test_option_that_cannot_be_used_is_a_usage_error(suite, args, message):
    result = suite(*args)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message} (see docs/messages.md in pytest-flask-hygiene)"])


def test_file_that_cannot_be_written_is_said_and_stays_whole(suite, pytester, monkeypatch):
    suite(BASELINE, UPDATE)
    before = (pytester.path / "known.json").read_text()

    def refuse(*args):
        raise PermissionError("read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", refuse)
        result = suite(BASELINE, UPDATE, replace=NEW_LEAK)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["hygiene baseline *known.json: can't be written, and is as it was: read-only*"]
    )
    assert (pytester.path / "known.json").read_text() == before
    assert [path.name for path in pytester.path.glob(".known*")] == []


def test_interrupted_update_writes_nothing(suite, pytester):
    interrupt = {"def test_clean():\n    pass": "def test_clean():\n    raise KeyboardInterrupt"}
    result = suite(BASELINE, UPDATE, replace=interrupt, subprocess=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert not (pytester.path / "known.json").exists()
    result.stdout.fnmatch_lines(["known.json was not written: *interrupted*"])


def test_permissions_of_the_file_are_kept(suite, pytester):
    suite(BASELINE, UPDATE)
    path = pytester.path / "known.json"
    path.chmod(0o640)
    suite(BASELINE, UPDATE, "-k", "test_a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


# -- the first run -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tests", "told"), [(20, False), (21, True)])
def test_many_leaking_tests_are_told_the_command(run_suite, tests, told):
    source = f"""
        import pytest

        @pytest.mark.parametrize("number", range({tests}))
        def test_it(number):
            open(__file__)
    """
    result = run_suite(source, "-q", "test_suite.py")
    lines = result.stdout.lines
    hint = "to accept these leaks for now, and fail only for new ones:"
    assert (hint in lines) is told
    if told:
        command = lines[lines.index(hint) + 1]
        assert command.startswith("  pytest ")
        assert command.endswith(
            "-q test_suite.py --hygiene-baseline=hygiene-baseline.json --hygiene-update-baseline"
        )


def test_tests_that_fail_by_themselves_do_not_count_as_many(run_suite):
    source = """
        import pytest

        @pytest.mark.parametrize("number", range(30))
        def test_it(number):
            open(__file__)
            assert 0
    """
    run_suite(source).stdout.no_fnmatch_line("*--hygiene-update-baseline*")


# -- what ran, and what did not ------------------------------------------------------------------------------

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


# -- which leaks are the same --------------------------------------------------------------------------------


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


def test_another_leak_of_the_development_server_is_new(run_suite, monkeypatch):
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
            for _ in range(2):
                server.reload().check()
    """
    run_suite(source, BASELINE, UPDATE, files={"shop.py": app}).assert_outcomes(passed=1)
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


def test_each_worker_running_every_test_counts_once(suite, entries):
    suite(BASELINE, UPDATE)
    before = entries()
    suite(BASELINE, UPDATE, "--tx=2*popen", "--dist=each", with_plugins=("xdist",))
    assert entries() == before


def test_link_to_the_file_stays_a_link(suite, pytester):
    (pytester.path / "real.json").write_text('{"version": 1, "entries": []}')
    (pytester.path / "known.json").symlink_to("real.json")
    suite(BASELINE, UPDATE)
    assert (pytester.path / "known.json").is_symlink()
    assert "connect" in (pytester.path / "real.json").read_text()


def test_switched_off_the_file_is_not_even_read(suite, pytester):
    (pytester.path / "known.json").write_text("damaged")
    suite(BASELINE, "--hygiene=off", subprocess=True).assert_outcomes(passed=5)
