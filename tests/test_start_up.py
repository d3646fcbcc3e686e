"""A run without leaks loads little: only what watches, and only once there is something to watch."""

from __future__ import annotations

import json
import sys

import pytest

PACKAGE = "pytest_flask_hygiene"

#: Only a finding, an exception cycle or a summary needs these.
ON_DEMAND = {
    "advice",
    "blocks",
    "charges",
    "checkpoint",
    "checks.cycle_graph",
    "checks.cycle_judge",
    "checks.cycle_names",
    "checks.cycle_store",
    "checks.resources",
    "client_fixture",
    "decisions",
    "decisions.baseline",
    "decisions.session_end",
    "decisions.stale",
    "decisions.what_ran",
    "editor",
    "evidence",
    "explain",
    "explain.journal",
    "explain.rules",
    "explain.run",
    "explain.target",
    "explain.words",
    "heap.holders",
    "heap.reach",
    "hygiene_fixture",
    "leak_error",
    "marks",
    "paths",
    "raised_leaks",
    "replacements",
    "report.as_html",
    "report.as_json",
    "report.chain_dot",
    "report.chain_fit",
    "report.chain_layout",
    "report.chain_shape",
    "report.chain_svg",
    "report.counts",
    "report.data",
    "report.decisions",
    "report.explain",
    "report.failure",
    "report.files",
    "report.github",
    "report.junit",
    "report.left_open",
    "report.outcome",
    "report.page_groups",
    "report.page_words",
    "report.places",
    "report.properties",
    "report.pytest_html",
    "report.session",
    "report.source_lines",
    "report.terminal",
    "report.text",
    "resource_hook",
    "resources",
    "upstream",
    "verdict",
    "workers",
}
#: Only a suite that imports Flask needs these.
FOR_FLASK = {"checks.bodies", "checks.contexts", "checks.responses"}
if sys.version_info >= (3, 13):
    # Older ones do not warn about connections.
    ON_DEMAND |= {"checks.sqlite", "heap", "heap.objects"}

CONFTEST = """
    import atexit, json, sys

    @atexit.register
    def tell():
        with open("modules.json", "w") as file:
            json.dump(sorted(sys.modules), file)
"""


@pytest.fixture
def modules(run_suite, pytester):
    """What a run in a Python of its own has loaded: our modules, and all the others."""

    def run(source: str, *args: str, passed: int = 1, failed: int = 0) -> tuple[set[str], set[str]]:
        result = run_suite(source, *args, files={"conftest.py": CONFTEST}, subprocess=True)
        result.assert_outcomes(passed=passed, failed=failed)
        loaded = set(json.loads((pytester.path / "modules.json").read_text("utf-8")))
        own = {name for name in loaded if name.partition(".")[0] == PACKAGE}
        return {name.removeprefix(f"{PACKAGE}.") for name in own}, loaded - own

    return run


EMPTY = "def test_it(): pass"
LEAK = "def test_it(): open(__file__)"


def test_an_empty_test_loads_only_what_watches(modules):
    own, _ = modules(EMPTY)
    assert "run" in own
    assert not own & (ON_DEMAND | FOR_FLASK)


def test_fixtures_that_are_tidy_load_no_more(modules):
    suite = """
    import pytest

    @pytest.fixture(scope="module")
    def wide():
        yield

    @pytest.fixture
    def narrow(wide, tmp_path):
        with open(tmp_path / "file", "w") as file:
            yield file

    def test_it(narrow):
        pass
    """
    own, _ = modules(suite)
    assert not own & (ON_DEMAND | FOR_FLASK)


@pytest.mark.parametrize("source", [EMPTY, "import flask\n" + EMPTY])
def test_the_plugin_loads_nobody_elses_modules(modules, source):
    _, without = modules(source, "--hygiene=off")
    _, others = modules(source)
    assert others - without == set()
    assert "objgraph" not in others


def test_off_loads_next_to_nothing(modules):
    own, _ = modules(LEAK, "--hygiene=off")
    # The hook has to be known, or pytest would refuse the conftest files that have it.
    assert own == {PACKAGE, "hookspecs", "options", "plugin", "settings"}


def test_a_leak_loads_what_tells_of_it(modules):
    own, _ = modules(LEAK, passed=0, failed=1)
    assert own >= {"advice", "evidence", "report.failure", "report.terminal", "verdict"}


def test_a_report_that_nobody_asked_for_is_not_loaded(modules):
    own, _ = modules(LEAK, passed=0, failed=1)
    assert not own & {f"report.{name}" for name in ("as_json", "data", "files", "github", "pytest_html")}


def test_flask_loads_what_watches_requests(modules):
    own, _ = modules("import flask\n" + EMPTY)
    assert own & (ON_DEMAND | FOR_FLASK) == FOR_FLASK


def test_naming_the_package_instead_of_the_plugin_is_a_usage_error(pytester, monkeypatch):
    pytester.makepyfile("def test_it():\n    pass\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", "pytest_flask_hygiene")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: -p pytest_flask_hygiene: *-p flask_hygiene*"])
    for name in ("flask_hygiene", "pytest_flask_hygiene.plugin"):
        result = pytester.runpytest_subprocess("-p", "pytest_flask_hygiene", "-p", name)
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_python_itself_loads_the_modules(run_suite):
    """pytest's loader for plugins, which rewrites assertions, takes three times as long."""
    suite = """
    import sys

    def test_it():
        loaded = {name: module for name, module in sys.modules.items() if name.startswith("PACKAGE.")}
        assert loaded
        assert {type(module.__loader__).__name__ for module in loaded.values()} == {"SourceFileLoader"}
        assert not any("PACKAGE" == getattr(finder, "__module__", "") for finder in sys.meta_path)
    """
    run_suite(suite.replace("PACKAGE", PACKAGE), subprocess=True).assert_outcomes(passed=1)


def test_a_run_inside_another_hears_nothing_of_modules_loaded_before(run_suite):
    run_suite(EMPTY, "-W", "error::pytest.PytestAssertRewriteWarning").assert_outcomes(passed=1)


@pytest.mark.parametrize("what", ["builtins.__import__", "sys.meta_path"])
def test_a_test_that_lets_imports_fail(run_suite, what):
    """What a finding needs is loaded while the test's patches are in force."""
    suite = f"""
    import sys
    import pytest

    def fails(name, *_, **__):
        # Without a module to import Python itself can't warn.
        if name == "warnings":
            return sys.modules[name]
        raise ImportError("not installed")

    @pytest.fixture
    def no_imports(monkeypatch):
        monkeypatch.setattr("{what}", fails if "{what}".startswith("builtins") else [])

    def test_it(no_imports):
        open(__file__)

    def test_cycle(no_imports):
        try:
            raise ValueError
        except ValueError as error:
            kept = error
    """
    result = run_suite(suite, subprocess=True)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED *::test_it - hygiene: file *", "*1 failed, 1 passed*"])
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")
    result.stdout.fnmatch_lines(["exception cycles made by test code: 1*"])


def test_a_finalizer_at_work_while_there_are_no_modules(run_suite):
    """``mock.patch.dict`` clears the dictionary before it fills it again."""
    suite = """
    import sys
    import warnings
    from unittest import mock

    def test_it():
        # Without a module "warnings" Python goes by the filters of the last time.
        warnings.warn("any")
        before = dict(sys.modules)
        with mock.patch.dict(sys.modules):
            import holder
            del holder
        theirs = {name: module for name, module in sys.modules.items() if "hygiene" not in name}
        assert theirs == {name: module for name, module in before.items() if "hygiene" not in name}
        assert sys.modules["sys"] is sys
    """
    files = {"holder.py": "kept = open(__file__)"}
    result = run_suite(suite, "-W", "error::ResourceWarning", files=files, subprocess=True)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")
    result.stdout.fnmatch_lines(["ERROR hygiene: file leaked by the import of holder.py*"])
