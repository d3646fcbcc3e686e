"""The baseline's file: damaged, missing, a link, not to be written; and who is told of the option."""

from __future__ import annotations

import stat

import pytest
from accepted_leaks import BASELINE, NEW_LEAK, UPDATE

pytest_plugins = ["accepted_leaks"]


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


def test_file_that_cannot_be_written_is_said_and_stays_whole(accepted, suite, pytester, monkeypatch):
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


def test_permissions_of_the_file_are_kept(accepted, suite, pytester):
    path = pytester.path / "known.json"
    path.chmod(0o640)
    suite(BASELINE, UPDATE, "-k", "test_a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_link_to_the_file_stays_a_link(suite, pytester):
    (pytester.path / "real.json").write_text('{"version": 1, "entries": []}')
    (pytester.path / "known.json").symlink_to("real.json")
    suite(BASELINE, UPDATE)
    assert (pytester.path / "known.json").is_symlink()
    assert "connect" in (pytester.path / "real.json").read_text()


def test_switched_off_the_file_is_not_even_read(suite, pytester):
    (pytester.path / "known.json").write_text("damaged")
    suite(BASELINE, "--hygiene=off", subprocess=True).assert_outcomes(passed=5)


# -- the first run


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
