"""The hook ``pytest_hygiene_resources``: resources that other plugins and conftest files name."""

from __future__ import annotations

import functools

import pytest
from named_resources import CONNECTION, HOOK, LIB, run_with_types
from reading_runs import failed


@pytest.fixture
def run(run_suite):
    return functools.partial(run_with_types, run_suite)


# -- what is found


def test_dropped_while_open_fails_the_test(run):
    suite = """
    def test_leaks():
        lib.Connection()

    def test_closes():
        lib.Connection().close()
    """
    result = run(suite)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "hygiene: test_leaks left 1 resource open",
            "other  opened here and dropped while open",
            "    lib connection",
            "    test_suite.py:* in test_leaks *lib.Connection()",
            "fix: call shut()",
            "hygiene: 1 leak in 1 test",
        ]
    )
    result.stdout.no_fnmatch_line("*replacements.py*")


DROPPED = {
    "a subclass": ("lib.Own()", CONNECTION),
    "a class with a finalizer": ("lib.Quiet()", CONNECTION),
    "a class whose finalizer warns": ("lib.Loud()", CONNECTION),
    "a class without advice": ("lib.Connection()", "[ResourceType('x', lib.Connection, lambda c: c.open)]"),
    "a class with __new__": ("lib.ByNew(3)", "[ResourceType('x', lib.ByNew, lambda c: c.open)]"),
    "a class with neither": ("lib.Plain()", "[ResourceType('x', lib.Plain, lambda c: c.open)]"),
    "a function": ("lib.connect()", "[ResourceType('x', lib.connect, lambda c: c.open)]"),
    "a cycle": ("c = lib.Connection(); c.itself = c", CONNECTION),
    "what opens a socket": ("lib.Wraps()", CONNECTION),
    "two types, one inside the other": (
        "c = lib.Connection(); c.inner = lib.Plain()",
        CONNECTION[:-1] + ", ResourceType('x', lib.Plain, lambda c: True)]",
    ),
    "any iterable": ("lib.Connection()", f"iter({CONNECTION})"),
}


@pytest.mark.parametrize("what", DROPPED)
def test_one_finding_for(run, what):
    line, types = DROPPED[what]
    result = run(f"def test_it():\n    {line}", types=types)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_it left 1 resource open", "other  *", "hygiene: 1 leak in *"])


def test_a_function_imported_by_name_before(run):
    suite = """
    from conftest import connect

    def test_it():
        connect()
    """
    types = "[ResourceType('x', lib.connect, lambda c: c.open)]"
    run(suite, types=types, conftest="from lib import connect").assert_outcomes(failed=1)


def test_left_open_is_listed_and_fails_in_strict_mode(run):
    suite = """
    kept = []

    def test_it():
        kept.append(lib.Connection())
    """
    result = run(suite)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 *", "*1 x other *"])
    result.stdout.fnmatch_lines(["*held by test_suite.kept*"])
    result = run(suite, "--hygiene-strict")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["other  opened here and still open", "    lib connection", "fix: call shut()"]
    )


def test_what_it_has_opened_for_itself_is_part_of_it(run):
    suite = """
    kept = []

    def test_it():
        kept.append(lib.Wraps())

    def test_after():
        kept.pop().close()
    """
    result = run(suite)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 *", "*1 x other *"])
    result.stdout.no_fnmatch_line("*x socket*")


def test_what_it_shares_with_others_is_not(run):
    suite = """
    import logging

    kept = []

    def test_it():
        logger = logging.getLogger("shop")
        logger.addHandler(logging.FileHandler("shop.log"))
        kept.append(lib.Connection())
        kept[0].logger = logger
    """
    result = run(suite)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["still open after their owners ended: 2 *"])


def test_left_open_and_dropped_later_is_one_finding(run):
    suite = """
    kept = []

    def test_opens():
        kept.append(lib.Connection())

    def test_drops():
        kept.clear()
    """
    result = run(suite)
    result.assert_outcomes(passed=2, errors=1)
    (line,) = failed(result)
    assert line.startswith("ERROR hygiene: other leaked by test_suite.py::test_opens")
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests"])


def test_a_fixture_is_named(run):
    suite = """
    import pytest

    @pytest.fixture(scope="module")
    def connection():
        return lib.Connection()

    def test_it(connection):
        pass
    """
    result = run(suite)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["hygiene: module fixture 'connection' left 1 resource open"])


def test_a_fixture_that_closes_it_is_silent(run):
    suite = """
    import pytest

    @pytest.fixture(scope="module")
    def connection():
        made = lib.Connection()
        yield made
        made.close()

    def test_it(connection):
        pass
    """
    run(suite, "--hygiene-strict").assert_outcomes(passed=1)


def test_allow_leak_covers_it(run):
    suite = """
    import pytest

    @pytest.mark.allow_leak("other", match="lib conn", reason="known")
    def test_it():
        lib.Connection()

    def test_block(hygiene):
        with hygiene.allow("other"):
            lib.Connection()
    """
    result = run(suite)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["allowed: 2 leaks"])


@pytest.mark.parametrize(
    ("text", "outcome"), [("ignore:unclosed lib:ResourceWarning", "passed"), ("error", "failed")]
)
def test_filters_are_as_for_what_python_warns_about(run, text, outcome):
    run("def test_it():\n    lib.Connection()", "-W", text).assert_outcomes(**{outcome: 1})


def test_a_finalizer_that_warns_is_one_failure_with_error_filters(run):
    result = run("def test_it():\n    lib.Loud()", "-W", "error::ResourceWarning")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


def test_the_same_under_xdist(run):
    pytest.importorskip("xdist")
    suite = """
    kept = []

    def test_leaks():
        lib.Connection()

    def test_keeps():
        kept.append(lib.Connection())
    """
    result = run(suite, "-n2", with_plugins=("xdist",), subprocess=True)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["    lib connection", "fix: call shut()", "hygiene: 1 leak in 1 test"])
    result.stdout.fnmatch_lines(["*1 x other *"])


def test_the_conftest_of_a_directory_is_asked(run_suite):
    files = {
        "part/conftest.py": HOOK.format(types=CONNECTION),
        "part/lib.py": LIB,
        "part/test_part.py": "import lib\ndef test_it():\n    lib.Connection()",
        "test_a.py": "def test_it(): pass",
    }
    result = run_suite("", files=files)
    result.assert_outcomes(failed=1, passed=1)


# -- what is left as it is


def test_nothing_else_changes(run):
    suite = """
    import inspect
    import weakref

    import pytest

    def test_signature():
        assert str(inspect.signature(lib.Connection)) == "(host='here', *, port=1)"
        code = lib.Connection.__init__.__code__
        assert code.co_varnames[:3] == ("self", "host", "port")
        assert lib.Connection("there", port=2).close() is None

    def test_wrong_arguments():
        for cls, arguments in ((lib.Connection, (1, 2)), (lib.Plain, (1,)), (lib.ByNew, ())):
            with pytest.raises(TypeError):
                cls(*arguments)

    def test_error_in_init():
        with pytest.raises(ValueError, match="no server"):
            lib.Fails()

    def test_it_dies_when_it_would():
        made = lib.Connection()
        reference = weakref.ref(made)
        made.close()
        del made
        assert reference() is None
    """
    more = ", ResourceType('p', lib.Plain, lambda c: False), ResourceType('n', lib.ByNew, lambda c: False)]"
    run(suite, types=CONNECTION[:-1] + more).assert_outcomes(passed=4)


def test_it_is_undone(run, pytester, monkeypatch):
    monkeypatch.syspath_prepend(pytester.path)
    (pytester.path / "lib.py").write_text(LIB, "utf-8")
    import lib  # type: ignore[import-not-found]

    before = {cls: dict(vars(cls)) for cls in (lib.Connection, lib.Own, lib.Loud, lib.ByNew, lib.Plain)}
    more = ", ResourceType('p', lib.Plain, lambda c: False), ResourceType('n', lib.ByNew, lambda c: False)"
    types = CONNECTION[:-1] + more + ", ResourceType('f', lib.connect, lambda c: False)]"
    connect = lib.connect
    suite = """
    def test_it():
        for cls in (lib.Connection, lib.Own, lib.Loud, lib.Plain):
            cls()
        lib.ByNew(1)
    """
    try:
        run(suite, types=types).assert_outcomes(failed=1)
        assert {cls: dict(vars(cls)) for cls in before} == before
        assert lib.connect is connect
        with pytest.raises(TypeError):
            lib.Plain(1)
        assert lib.ByNew(1).open
    finally:
        import sys

        sys.modules.pop("lib", None)


def test_a_run_inside_another(run):
    suite = """
    import pathlib

    import conftest

    pytest_plugins = ["pytester"]
    OTHERS = [arg for name in ("randomly", "hypothesispytest", "asyncio") for arg in ("-p", f"no:{name}")]

    def test_inner(pytester):
        kept = lib.Connection()
        pytester.makepyfile("import lib\\ndef test_it():\\n    lib.Connection()")
        pytester.makeconftest(pathlib.Path(conftest.__file__).read_text())
        result = pytester.runpytest_inprocess(*OTHERS)
        result.assert_outcomes(failed=1)
        kept.close()

    def test_outer(pytester):
        kept = [lib.Connection()]
        pytester.makepyfile("def test_it():\\n    pass")
        pytester.runpytest_inprocess(*OTHERS).assert_outcomes(passed=1)
        kept.clear()
    """
    result = run(suite, "-opythonpath=.")
    result.assert_outcomes(passed=1, failed=1)
    assert "test_outer" in failed(result)[0]


@pytest.mark.parametrize("args", [("--hygiene=off",), ("-p", "no:flask_hygiene")])
def test_off_asks_nobody(run_suite, args):
    conftest = """
    import pytest

    @pytest.hookimpl(optionalhook=True)
    def pytest_hygiene_resources():
        raise ValueError("asked")
    """
    result = run_suite("def test_it(): pass", *args, files={"conftest.py": conftest}, subprocess=True)
    result.assert_outcomes(passed=1)
