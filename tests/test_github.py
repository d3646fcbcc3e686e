"""GitHub Actions: which annotations are printed, where they point, and how they are escaped."""

from __future__ import annotations

import os
import re

import pytest

LEAK = 'def test_leaks():\n    open("left.txt", "w")\n'
CLEAN = "def test_clean():\n    pass\n"
FIXTURE = """
    import pytest

    @pytest.fixture
    def box():
        open("box.txt", "w")

    def test_box(box):
        pass
    """
IMPORT = "open('imported.txt', 'w')\n\n" + CLEAN

#: Command, properties, message; as GitHub reads them, a command begins its line.
Annotation = tuple[str, dict[str, str], str]


@pytest.fixture(autouse=True)
def _on_github(monkeypatch, pytester):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path))


def annotations(result: pytest.RunResult) -> list[Annotation]:
    found = []
    for line in [*result.outlines, *result.errlines]:
        match = re.fullmatch(r"::(error|warning) (.*?)::(.*)", line)
        if match:
            pairs = dict(pair.split("=", 1) for pair in match[2].split(","))
            found.append((match[1], {name: _plain(text) for name, text in pairs.items()}, _plain(match[3])))
    return found


def _plain(text: str) -> str:
    for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, character)
    return text


# -- what is shown


def test_a_failed_call_at_the_line_that_opened_the_resource(run_suite):
    ((command, properties, message),) = annotations(run_suite(LEAK))
    assert command == "error"
    assert (properties["file"], properties["line"]) == ("test_suite.py", "2")
    assert properties["title"] == "hygiene: file leaked in 1 test"
    lines = message.splitlines()
    assert lines[0] == "opened here and dropped without close()"
    assert lines[1] == "in test_suite.py::test_leaks"
    assert lines[2].startswith("fix: ")
    assert lines[3:] == ["see: docs/kinds/file.md in pytest-flask-hygiene"]


def test_an_error_at_teardown(run_suite):
    ((command, properties, message),) = annotations(run_suite(FIXTURE))
    assert (command, properties["file"], properties["line"]) == ("error", "test_suite.py", "5")
    assert "by function fixture 'box'" in message


def test_a_doctest_by_the_file_that_it_is_in(run_suite):
    """Its code has a file name of its own, ``<doctest usage.txt[0]>``, which is nowhere in the repository."""
    suite = ">>> left = open('left.txt', 'w')\n>>> del left\n"
    result = run_suite("", "--doctest-glob=*.txt", files={"usage.txt": suite})
    ((command, properties, message),) = annotations(result)
    assert (command, properties["file"], properties["line"]) == ("error", "usage.txt", "1")
    assert "in usage.txt::usage.txt" in message


def test_a_session_finding(run_suite):
    ((command, properties, message),) = annotations(run_suite(IMPORT))
    assert (command, properties["file"], properties["line"]) == ("error", "test_suite.py", "1")
    assert properties["title"] == "hygiene: file leaked outside tests"
    assert "in the import of test_suite.py" in message


def test_a_session_finding_that_stops_the_run(run_suite):
    suite = FIXTURE.replace("fixture\n", "fixture(scope='session')\n").replace(
        "pass", "pytest.exit('enough')"
    )
    assert len(annotations(run_suite(suite))) == 1


def test_nothing_elsewhere(run_suite, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "false")
    assert annotations(run_suite(LEAK)) == []
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert annotations(run_suite(LEAK)) == []


def test_nothing_without_findings(run_suite):
    result = run_suite(CLEAN)
    assert "::" not in result.stdout.str().replace("test_suite.py::", "")


def test_nothing_for_what_is_only_noted(run_suite):
    suite = (
        "def test_it():\n    try:\n        raise ValueError\n    except ValueError as e:\n        error = e\n"
    )
    result = run_suite(suite)
    result.stdout.fnmatch_lines(["exception cycles made by test code: 1*"])
    assert annotations(result) == []


def test_nothing_for_what_is_allowed(run_suite):
    assert annotations(run_suite("import pytest\n\n@pytest.mark.allow_leak\n" + LEAK)) == []


def test_a_warning_where_leaks_only_warn(run_suite):
    ((command, properties, _),) = annotations(run_suite(LEAK, "--hygiene=warn"))
    assert (command, properties["line"]) == ("warning", "2")


def test_equal_sites_share_one_and_most_tests_come_first(run_suite):
    suite = """
    import pytest

    def rare():
        open("rare.txt", "w")

    def often():
        open("often.txt", "w")

    def test_rare():
        rare()

    @pytest.mark.parametrize("number", range(7))
    def test_often(number):
        often()
    """
    (_, first, message), (_, second, _) = annotations(run_suite(suite))
    assert (first["line"], first["title"]) == ("7", "hygiene: file leaked in 7 tests")
    assert (second["line"], second["title"]) == ("4", "hygiene: file leaked in 1 test")
    assert message.splitlines()[-3] == "and 2 more"


@pytest.mark.parametrize("option", ["-v", "-q", "-qq", "--no-summary", "--tb=no", "-s"])
def test_a_command_begins_its_line_with(run_suite, option):
    assert len(annotations(run_suite(LEAK, option))) == 1


def test_without_a_terminal(run_suite):
    assert len(annotations(run_suite(LEAK, "-p", "no:terminal", subprocess=True))) == 1


def test_the_last_line_is_pytests(run_suite):
    assert "1 failed" in [line for line in run_suite(LEAK).outlines if line][-1]


def test_each_once_with_workers(run_suite):
    pytest.importorskip("xdist")
    suite = LEAK + "\n\ndef test_more():\n    open('more.txt', 'w')\n"
    result = run_suite(suite, "-n2", with_plugins=("xdist",), subprocess=True)
    assert sorted(properties["line"] for _, properties, _ in annotations(result)) == ["2", "6"]


# -- beside pytest-github-actions-annotate-failures

OTHER = "pytest_github_actions_annotate_failures"


@pytest.fixture
def run_beside(run_suite):
    """Run a suite with that plugin switched on, too."""
    pytest.importorskip(OTHER)

    def run(source: str, *args: str) -> pytest.RunResult:
        return run_suite(source, *args, with_plugins=(OTHER,), subprocess=True)

    return run


def titles(result: pytest.RunResult) -> list[str | None]:
    """That plugin's own have no title."""
    return [properties.get("title") for _, properties, _ in annotations(result)]


def test_failed_calls_are_left_to_the_plugin_that_annotates_them(run_beside):
    assert titles(run_beside(LEAK)) == [None]


@pytest.mark.parametrize("suite", [FIXTURE, IMPORT], ids=["teardown", "session"])
def test_what_that_plugin_does_not_show_is_shown(run_beside, suite):
    (title,) = titles(run_beside(suite))
    assert title is not None


def test_what_only_warns_is_shown_beside_that_plugin(run_beside):
    (title,) = titles(run_beside(LEAK, "--hygiene=warn"))
    assert title is not None


# -- paths


def test_a_path_is_relative_to_the_workspace(run_suite, pytester, monkeypatch):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path.parent))
    ((_, properties, _),) = annotations(run_suite(LEAK))
    assert properties["file"] == f"{pytester.path.name}/test_suite.py"


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a right there")
def test_a_workspace_that_is_a_symbolic_link(run_suite, pytester, monkeypatch, tmp_path):
    (tmp_path / "link").symlink_to(pytester.path)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "link"))
    ((_, properties, _),) = annotations(run_suite(LEAK))
    assert properties["file"] == "test_suite.py"


@pytest.mark.parametrize("workspace", ["elsewhere", ""])
def test_outside_the_workspace_it_is_relative_to_rootdir(run_suite, tmp_path, monkeypatch, workspace):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / workspace) if workspace else "")
    ((_, properties, _),) = annotations(run_suite(LEAK))
    assert properties["file"] == "test_suite.py"


def test_a_finding_without_a_line_has_an_annotation_without_a_file(run_suite):
    suite = """
    from flask import Flask

    def test_it():
        assert Flask("shop").test_client().get("/none").status_code == 404
    """
    files = {"pytest.ini": "[pytest]\nhygiene_framework_cycles = fail\n"}
    ((_, properties, _),) = annotations(run_suite(suite, files=files))
    assert properties["title"] == "hygiene: cycle leaked in 1 test"


# -- escapes


def test_a_message_is_escaped_as_githubs_toolkit_does(run_suite):
    suite = """
    import pytest

    @pytest.mark.parametrize("text", ["100%0A,a:b"])
    def test_it(text):
        open("left.txt", "w")
    """
    result = run_suite(suite)
    (line,) = [line for line in result.outlines if line.startswith("::error ")]
    assert "%0Ain test_suite.py::test_it[100%250A,a:b]%0Afix: " in line


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
def test_a_property_is_escaped_as_githubs_toolkit_does(run_suite, pytester):
    run = {"od,d:d%ir/test_it.py": LEAK}
    result = run_suite("", files=run)
    (line,) = [line for line in result.outlines if line.startswith("::error ")]
    assert line.startswith("::error file=od%2Cd%3Ad%25ir/test_it.py,line=2,title=hygiene%3A file leaked in")


def test_a_fault_of_the_plugins_own_is_reported_as_such(run_suite):
    conftest = """
    import pytest_flask_hygiene.report.github as github

    def broken(*_):
        raise TypeError("broken")

    github.write_annotations = broken
    """
    result = run_suite(LEAK, files={"conftest.py": conftest}, subprocess=True)
    result.stdout.fnmatch_lines(["a fault of pytest-flask-hygiene itself*GitHub annotations: TypeError*"])
