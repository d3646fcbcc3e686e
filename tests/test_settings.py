"""Flags, ini values and marks: what each does, and what an unusable one says."""

from __future__ import annotations

import gc

import pytest

LEAKS = 'def test_leaks():\n    open("left.txt", "w")\n\n\ndef test_clean():\n    pass\n'
TEST_CYCLE = """
    def test_it():
        try:
            raise ValueError("x")
        except ValueError as e:
            error = e
    """


def ini(*lines: str) -> dict[str, str]:
    return {"pytest.ini": "\n".join(["[pytest]", *lines, ""])}


# -- modes


@pytest.mark.parametrize(
    ("args", "lines", "outcomes"),
    [
        ((), (), {"failed": 1, "passed": 1}),
        (("--hygiene=fail",), (), {"failed": 1, "passed": 1}),
        (("--hygiene=warn",), (), {"passed": 2}),
        (("--hygiene=off",), (), {"passed": 2}),
        ((), ("hygiene = fail",), {"failed": 1, "passed": 1}),
        ((), ("hygiene = warn",), {"passed": 2}),
        ((), ("hygiene = off",), {"passed": 2}),
        (("--hygiene=fail",), ("hygiene = off",), {"failed": 1, "passed": 1}),
        (("--hygiene=off",), ("hygiene = fail",), {"passed": 2}),
        (("--hygiene=warn",), ("hygiene = off",), {"passed": 2}),
    ],
)
def test_the_mode_and_its_precedence(run_suite, args, lines, outcomes):
    # A fresh Python where the plugin is off: our own pytest would turn the warning into an error.
    off = "--hygiene=off" in args or (not args and "hygiene = off" in lines)
    result = run_suite(LEAKS, *args, files=ini(*lines), subprocess=off)
    result.assert_outcomes(**outcomes)


@pytest.mark.parametrize("way", ["flag", "ini"])
def test_warn_lists_and_exits_0(run_suite, way):
    args, files = (("--hygiene=warn",), {}) if way == "flag" else ((), ini("hygiene = warn"))
    result = run_suite(LEAKS, *args, files=files)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test*", "*test_suite.py:2 *open(*"])


def test_warn_fails_nothing_outside_tests(run_suite):
    result = run_suite('open("left.txt", "w")\n\n\ndef test_clean():\n    pass\n', "--hygiene=warn")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["hygiene: 1 leak outside tests*"])


def test_warn_leaves_an_xfail_test_as_it_is(run_suite):
    suite = 'import pytest\n\n@pytest.mark.xfail\ndef test_leaks():\n    open("left.txt", "w")\n'
    run_suite(suite, "--hygiene=warn").assert_outcomes(xpassed=1)


INERT = """
    import gc
    import sys
    import threading
    import warnings

    import flask.testing
    import werkzeug.test

    def test_inert(request):
        assert not hasattr(werkzeug.test.run_wsgi_app, "__wrapped__")
        assert not hasattr(flask.testing.FlaskClient.__enter__, "__wrapped__")
        assert not hasattr(flask.ctx.AppContext.push, "__wrapped__")
        assert threading.Thread.start.__module__ == "threading"
        assert warnings._showwarnmsg.__module__ in ("warnings", "_py_warnings")
        assert type(gc.collect).__name__ == "builtin_function_or_method"
        assert gc.get_debug() == 0
        # A few hundred on Python 3.12, which freezes its immortal objects.
        assert gc.get_freeze_count() < 1_000
        assert gc.callbacks == []
        assert not getattr(sys, "_pytest_flask_hygiene_audit", None)
        assert not [f for f in sys.meta_path if type(f).__module__.startswith("pytest_flask_hygiene")]
        names = [name for name, plugin in request.config.pluginmanager.list_name_plugin()
                 if type(plugin).__module__.startswith("pytest_flask_hygiene")]
        assert names == []
    """


@pytest.mark.parametrize("way", ["flag", "ini"])
def test_off_is_inert(run_suite, way):
    args, files = (("--hygiene=off",), {}) if way == "flag" else ((), ini("hygiene = off"))
    run_suite(INERT, *args, files=files, subprocess=True).assert_outcomes(passed=1)


def test_off_prints_nothing(run_suite):
    result = run_suite(LEAKS, "--hygiene=off", subprocess=True)
    assert "hygiene:" not in result.stdout.str()


def test_a_suite_without_flask_does_not_import_it(run_suite):
    suite = """
    import sys

    def test_it():
        found = {"flask", "werkzeug", "jinja2", "click", "objgraph", "sqlalchemy"} & set(sys.modules)
        assert not found
    """
    run_suite(suite, subprocess=True).assert_outcomes(passed=1)


# -- strict


@pytest.mark.parametrize(
    ("args", "lines", "outcome"),
    [
        ((), (), "passed"),
        (("--hygiene-strict",), (), "failed"),
        ((), ("hygiene_strict = true",), "failed"),
        ((), ("hygiene_strict = false",), "passed"),
        (("--hygiene-strict",), ("hygiene_strict = false",), "failed"),
    ],
)
def test_strict(run_suite, args, lines, outcome):
    run_suite(TEST_CYCLE, *args, files=ini(*lines)).assert_outcomes(**{outcome: 1})


# -- header


@pytest.mark.parametrize(
    ("args", "line"),
    [(("--hygiene=warn",), "hygiene: warn*"), (("--hygiene-strict",), "hygiene: strict")],
)
def test_the_header_says_what_is_not_the_default(run_suite, args, line):
    result = run_suite("def test_clean():\n    pass\n", *args)
    result.stdout.fnmatch_lines([line, "collected 1 item"])


def test_the_header_says_nothing_by_default(run_suite):
    result = run_suite("def test_clean():\n    pass\n")
    head = result.stdout.str().partition("collected")[0]
    assert "hygiene:" not in head


# -- values that can't be used


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("hygiene = sometimes", "fail, warn, off"),
        ("hygiene_framework_cycles = never", "warn, fail"),
        ("hygiene_strict = maybe", "true or false"),
    ],
)
def test_an_unknown_ini_value_is_a_usage_error_in_one_line(run_suite, line, right):
    result = run_suite(LEAKS, files=ini(line))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name, _, value = line.partition(" = ")
    errors = [text for text in result.stderr.lines if text.strip()]
    assert len(errors) == 1
    assert name in errors[0]
    assert value in errors[0]
    assert right in errors[0]


def test_an_unknown_mode_on_the_command_line_is_a_usage_error(run_suite):
    result = run_suite(LEAKS, "--hygiene=sometimes")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*sometimes*"])


UNUSABLE = {
    "kind": ('"files"', ["unknown kind 'files'", "file, socket, sqlite"]),
    "regular expression": ('match="("', ["match='('", "not a regular expression"]),
    "regular expression of bytes": ('match=b"left"', ["match=b'left'", "not a regular expression"]),
    "regular expression that is too large": ('match="x{99999999999}"', ["match='x{", "number is too large"]),
    "keyword": ('because="x"', ["unknown argument 'because'", "match= and reason="]),
    "reason": ("reason=3", ["reason=3"]),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_an_unusable_mark_is_a_usage_error_that_names_what_is_right(run_suite, what):
    arguments, texts = UNUSABLE[what]
    suite = f"import pytest\n\n@pytest.mark.allow_leak({arguments})\ndef test_it():\n    pass\n"
    result = run_suite(suite)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = result.stdout.str() + result.stderr.str()
    assert "test_suite.py::test_it" in text
    for expected in texts:
        assert expected in text
    assert "INTERNALERROR" not in text


# -- allow_leak


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        ("", "passed"),
        ('"file"', "passed"),
        ('"socket", "file"', "passed"),
        ('"socket"', "failed"),
        ('match="left"', "passed"),
        ('match="test_suite"', "passed"),
        ('match="^helper$"', "passed"),
        ('match="nothing like it"', "failed"),
        ('"file", match="left"', "passed"),
        ('"socket", match="left"', "failed"),
        ('reason="known"', "passed"),
    ],
)
def test_allow_leak(run_suite, arguments, outcome):
    result = run_suite(
        f"""
        import pytest

        def helper():
            open("left.txt", "w")

        @pytest.mark.allow_leak({arguments})
        def test_it():
            helper()
        """
    )
    result.assert_outcomes(**{outcome: 1})


ALLOWED_BY = {
    "class": "@pytest.mark.allow_leak\nclass TestIt:\n    def test_it(self):\n        {leak}\n",
    "module": "pytestmark = pytest.mark.allow_leak\n\ndef test_it():\n    {leak}\n",
    "param": '@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.allow_leak)])\n'
    "def test_it(n):\n    {leak}\n",
    "unittest": "class TestIt(unittest.TestCase):\n    @pytest.mark.allow_leak\n"
    "    def test_it(self):\n        {leak}\n",
}


@pytest.mark.parametrize("level", ALLOWED_BY)
def test_allow_leak_on_a(run_suite, level):
    head = "import unittest\n\nimport pytest\n\n"
    result = run_suite(head + ALLOWED_BY[level].format(leak='open("left.txt", "w")'))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["allowed: 1 leak"])


def test_allow_leak_allows_no_other_test(run_suite):
    marked = '@pytest.mark.allow_leak\ndef test_allowed():\n    open("other.txt", "w")\n\n'
    result = run_suite("import pytest\n\n" + marked + LEAKS)
    result.assert_outcomes(passed=2, failed=1)


def test_allow_leak_covers_what_is_found_at_teardown(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture
        def box():
            return []

        @pytest.mark.allow_leak("file")
        def test_it(box):
            box.append(open("left.txt", "w"))
        """
    )
    result.assert_outcomes(passed=1)


def test_an_unusable_mark_that_a_fixture_adds_is_said_and_allows_nothing(run_suite):
    suite = """
    import pytest

    @pytest.fixture(autouse=True)
    def mark(request):
        request.node.add_marker(pytest.mark.allow_leak("fiel", reason="known"))

    def test_it():
        open("left.txt", "w")
    """
    result = run_suite(suite)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["allow_leak on test_suite.py::test_it: unknown kind 'fiel'; *"])
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")


def test_the_reason_is_listed_with_v(run_suite):
    mark = '@pytest.mark.allow_leak("file", reason="upstream bug 7")\n'
    result = run_suite("import pytest\n\n" + mark + LEAKS, "-v")
    result.stdout.fnmatch_lines(["allowed: 1 leak", "*test_suite.py::test_leaks: upstream bug 7"])


def test_the_mark_is_registered(run_suite):
    suite = "import pytest\n\n@pytest.mark.allow_leak\ndef test_clean():\n    pass\n"
    run_suite(suite, "--strict-markers").assert_outcomes(passed=1)


# -- whose code


@pytest.mark.parametrize(("lines", "outcome"), [((), "passed"), (("hygiene_source = vendored",), "failed")])
def test_hygiene_source_makes_an_installed_package_the_readers(
    run_suite, pytester, monkeypatch, lines, outcome
):
    folder = pytester.path / "site-packages"
    monkeypatch.syspath_prepend(folder)
    library = """
    def work():
        try:
            raise ValueError("x")
        except ValueError as e:
            error = e
    """
    files = {"site-packages/vendored.py": library, **ini(*lines)}
    result = run_suite("import vendored\n\ndef test_it():\n    vendored.work()\n", files=files)
    result.assert_outcomes(**{outcome: 1})


# -- interpreters that are not tested


@pytest.fixture
def untested_python(monkeypatch):
    monkeypatch.setattr("pytest_flask_hygiene.settings._why_reduced", lambda: "not tested on Python 9.9")


@pytest.mark.parametrize(
    ("suite", "outcomes"),
    [(LEAKS, {"failed": 1, "passed": 1}), (TEST_CYCLE, {"passed": 1})],
    ids=["file", "cycle"],
)
def test_reduced_mode_checks_warnings_only(run_suite, untested_python, suite, outcomes):
    result = run_suite(suite, "--hygiene-strict")
    result.assert_outcomes(**outcomes)


def test_reduced_mode_says_so_in_the_header(run_suite, untested_python):
    result = run_suite("def test_clean():\n    pass\n")
    result.stdout.fnmatch_lines(["hygiene: responses and warnings only (not tested on Python 9.9)"])


def test_reduced_mode_leaves_gc_alone(run_suite, untested_python):
    before = gc.collect, gc.get_debug(), len(gc.callbacks)
    run_suite("import gc\n\ndef test_it():\n    gc.seen = gc.collect, gc.get_debug(), len(gc.callbacks)\n")
    assert gc.__dict__.pop("seen") == before
