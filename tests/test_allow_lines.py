"""``hygiene_allow``: lines of the ini file that accept leaks."""

from __future__ import annotations

import pytest

APP = """
    def read(name):
        return open(__file__)
"""
SUITE = """
    import shop

    def test_it():
        shop.read("x")

    def test_other():
        open(__file__)
"""


def ini(*lines):
    return {
        "shop.py": APP,
        "pytest.ini": "\n".join(("[pytest]", "hygiene_allow =", *(f"    {x}" for x in lines))),
    }


@pytest.mark.parametrize(
    ("line", "failed"),
    [
        ("file", 0),
        ("file:shop.py", 1),
        ("file:^read$", 1),
        ("file: test_other  # known", 1),
        ("file:nothing", 2),
        ("socket", 2),
        ("file:shop\\.py|test_other  # issue #12", 0),
    ],
)
def test_line_accepts_what_it_names(run_suite, line, failed):
    run_suite(SUITE, files=ini(line)).assert_outcomes(failed=failed, passed=2 - failed)


def test_comments_and_empty_lines_are_no_rules(run_suite):
    run_suite(SUITE, files=ini("# all of them", "", "file  # all")).assert_outcomes(passed=2)


def test_reason_is_shown(run_suite):
    result = run_suite(SUITE, "-v", files=ini("file  # the printer's driver"))
    result.stdout.fnmatch_lines(["allowed: 2 leaks", "*file in test_suite.py::test_it: the printer's driver"])


def test_toml_list(run_suite):
    files = {
        "shop.py": APP,
        "pyproject.toml": '[tool.pytest.ini_options]\nhygiene_allow = ["file  # known"]\n',
    }
    run_suite(SUITE, files=files).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "files:shop.py",
            "'files:shop.py': unknown kind *; the kinds are response, file, *",
        ),
        ("file:[", "'file:[[]': '[[]' is not a regular expression: *"),
        ("file:x{99999999999}", "* is not a regular expression: the repetition number is too large*"),
        (
            "file:  # why",
            "'file:  # why': nothing after the colon; write kind, or kind:regex*",
        ),
    ],
)
def test_line_that_cannot_be_used_is_a_usage_error(run_suite, line, message):
    result = run_suite(SUITE, files=ini(line))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: hygiene_allow: {message} (see docs/messages.md in pytest-flask-hygiene)"]
    )


def test_directory_of_the_project_is_not_searched(run_suite, pytester):
    project = pytester.mkdir("shop_project")
    (project / "pytest.ini").write_text("[pytest]\nhygiene_allow =\n    file: shop_project  # x\n")
    (project / "test_it.py").write_text("def test_it():\n    open('left.txt', 'w')\n")
    run_suite("", "shop_project").assert_outcomes(failed=1)
