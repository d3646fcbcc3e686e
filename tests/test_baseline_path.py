"""The path of the baseline's file, and the paths inside it."""

from __future__ import annotations

import os
import sys

import pytest

UPDATE = "--hygiene-update-baseline"
LEAK = "def test_it():\n    open(__file__)\n"


@pytest.mark.parametrize(
    "option",
    ["--hygiene-baseline=~/known.json", "--hygiene-baseline=$PLACE/known.json"],
    ids=["home", "variable"],
)
def test_home_directory_and_variables_are_expanded(run_suite, pytester, monkeypatch, option):
    for name in ("HOME", "USERPROFILE", "PLACE"):
        monkeypatch.setenv(name, str(pytester.path))
    run_suite(LEAK, option, UPDATE).assert_outcomes(passed=1)
    assert (pytester.path / "known.json").is_file()


def test_without_an_ini_file_its_option_is_relative_to_where_pytest_was_started(run_suite, pytester):
    files = {"part/test_it.py": LEAK}
    run_suite("", "part", "-o", "hygiene_baseline=known.json", UPDATE, files=files).assert_outcomes(passed=1)
    assert (pytester.path / "known.json").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux alone")
def test_file_name_that_is_not_text_is_written_and_known(run_suite, pytester):
    folder = pytester.path / os.fsdecode(b"no text \xff")
    folder.mkdir()
    (folder / "shop.py").write_text("def read():\n    open(__file__)\n")
    suite = """
    import os
    import sys

    sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.fsdecode(b"no text \\xff")))
    import shop

    def test_it():
        shop.read()
    """
    run_suite(suite, "--hygiene-baseline=known.json", UPDATE).assert_outcomes(passed=1)
    result = run_suite(suite, "--hygiene-baseline=known.json")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["accepted by known.json: 1 known leak"])
