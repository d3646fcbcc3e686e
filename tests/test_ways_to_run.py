"""The same verdict, phase and line, however pytest is run."""

from __future__ import annotations

import functools
import os
import sys
from textwrap import dedent

import pytest
from conftest import NO_OTHERS
from reading_runs import charged_at_marks, without_fault

#: One leak that is found after the call, and one only when the test's fixtures have ended.
SUITE = """
    import pytest

    @pytest.fixture
    def box():
        return []

    def test_before():
        pass

    def test_leaks():
        open("left.txt", "w")  # leak

    def test_holds(box):
        box.append(open("held.txt", "w"))  # leak

    def test_after():
        pass
    """

BOTH = [("test_leaks", "call"), ("test_holds", "teardown")]

SHORT_SUMMARY = [
    "FAILED test_suite.py::test_leaks - hygiene: file test_suite.py:11",
    "ERROR test_suite.py::test_holds - hygiene: file test_suite.py:14",
]


def called(result: pytest.RunResult) -> list[str]:
    """The tests that ran, in their order."""
    reports = result.reprec.getreports("pytest_runtest_logreport")
    return [report.nodeid.rpartition("::")[2] for report in reports if report.when == "call"]


# -- options that do not touch a verdict


INDIFFERENT = {
    "durations": ("--durations=0", "--durations-min=0"),
    "importlib": ("--import-mode=importlib",),
    "no assertion rewriting": ("--assert=plain",),
    "no capture": ("-s",),
    "no logging plugin": ("-p", "no:logging"),
    "no terminal": ("-p", "no:terminal", "-p", "no:xprocess"),
    "no thread exceptions": ("-p", "no:threadexception"),
    "no unraisable exceptions": ("-p", "no:unraisableexception"),
    "no warnings plugin": ("-p", "no:warnings"),
    "setup shown": ("--setup-show",),
    "several at once": ("--maxfail=9", "-v", "--tb=line", "-ra", "--disable-warnings"),
}


@pytest.mark.parametrize("options", INDIFFERENT)
def test_leaks_with(run_suite, options):
    result = run_suite(SUITE, *INDIFFERENT[options])
    assert charged_at_marks(result) == BOTH
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_one_test_by_its_node_id(run_suite):
    run_suite(SUITE, "--collect-only")
    result = run_suite("", "test_suite.py::test_leaks")
    result.assert_outcomes(failed=1)
    assert charged_at_marks(result) == [("test_leaks", "call")]


def test_collecting_alone_finds_nothing(run_suite):
    result = run_suite(SUITE, "--collect-only")
    assert result.ret == pytest.ExitCode.OK
    assert charged_at_marks(result) == []


def test_optimized_python_in_development_mode(pytester):
    pytester.makepyfile(test_suite=dedent(SUITE))
    switched_off = [arg for name in ("cacheprovider", *NO_OTHERS) for arg in ("-p", f"no:{name}")]
    result = pytester.run(sys.executable, "-X", "dev", "-O", "-m", "pytest", *switched_off)
    result.assert_outcomes(failed=1, passed=3, errors=1)
    result.stdout.fnmatch_lines_random(SHORT_SUMMARY)


# -- stopping, and coming back to what failed


def test_maxfail_counts_leaks(run_suite):
    suite = "".join(f'def test_{n}():\n    open("left.txt", "w")  # leak\n\n' for n in range(4))
    result = run_suite(suite, "--maxfail=2")
    result.assert_outcomes(failed=2)
    assert charged_at_marks(result) == [("test_0", "call"), ("test_1", "call")]


CACHE = ("-p", "cacheprovider", "-p", "stepwise")


def test_lf_runs_leaks_again(run_suite):
    run_suite(SUITE, *CACHE)
    result = run_suite("", *CACHE, "--lf")
    assert charged_at_marks(result) == BOTH
    assert called(result) == ["test_leaks", "test_holds"]


def test_lf_forgets_leaks_that_were_mended(run_suite):
    run_suite(SUITE, *CACHE)
    mended = SUITE.replace(', "w")', ', "w").close()')
    assert called(run_suite(mended, *CACHE, "--lf")) == ["test_leaks", "test_holds"]
    assert len(called(run_suite("", *CACHE, "--lf"))) == 4


def test_ff_runs_leaks_first(run_suite):
    run_suite(SUITE, *CACHE)
    result = run_suite("", *CACHE, "--ff")
    assert charged_at_marks(result) == BOTH
    assert called(result) == ["test_leaks", "test_holds", "test_before", "test_after"]


@pytest.mark.parametrize("leak", BOTH, ids=lambda leak: leak[0])
def test_sw_stops_at_a_leak_and_goes_on_there(run_suite, leak):
    name = leak[0]
    first = run_suite(SUITE, *CACHE, "--sw", "-k", f"before or after or {name}")
    again = run_suite("", *CACHE, "--sw", "-k", f"before or after or {name}")
    assert charged_at_marks(first) == charged_at_marks(again) == [leak]
    assert called(again) == [name]


STOPS = {"KeyboardInterrupt": "raise KeyboardInterrupt", "pytest.exit": 'pytest.exit("enough")'}

STOPPED_IN = {
    "setup": "{stop}\n            yield",
    "call": "yield",
    "teardown": "yield\n            {stop}",
}


@pytest.mark.parametrize("how", STOPS)
@pytest.mark.parametrize("phase", STOPPED_IN)
def test_stopping_the_run_in(run_suite, monkeypatch, pytester, phase, how):
    stop = STOPS[how]
    suite = f"""
        import pytest

        @pytest.fixture
        def resource():
            {STOPPED_IN[phase].format(stop=stop)}

        def test_leaks():
            open("left.txt", "w")  # leak

        def test_stops(resource):
            {stop if phase == "call" else "pass"}

        def test_never_run():
            pass
        """
    # A KeyboardInterrupt is the inner run's own affair.
    monkeypatch.setattr(pytester, "inline_run", functools.partial(pytester.inline_run, no_reraise_ctrlc=True))
    result = run_suite(suite)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert charged_at_marks(result) == [("test_leaks", "call")]
    assert without_fault(result)
    assert "test_never_run" not in result.stdout.str()


def test_what_a_stopped_test_holds_is_no_leak(run_suite):
    result = run_suite(
        """
        import pytest

        def test_stops():
            held = open("left.txt", "w")
            pytest.exit("enough", returncode=0)
        """
    )
    assert result.ret == pytest.ExitCode.OK
    assert "left.txt" not in result.stdout.str()


# -- the debugger


#: In this process pytester has closed the way to stdin.
TYPIST = """
    import io
    import pdb
    import sys

    class Typist(pdb.Pdb):
        def __init__(self, *args, **keywords):
            typed = io.StringIO("p 'in', sorted(locals())\\nc\\n")
            super().__init__(*args, **keywords, stdin=typed, stdout=sys.stdout)
    """

DEBUGGER = ("--pdbcls=typist_of_locals:Typist", "-W", "default")


def test_a_leak_does_not_enter_the_debugger(run_suite):
    result = run_suite(SUITE, "--pdb", *DEBUGGER, files={"typist_of_locals.py": TYPIST})
    assert charged_at_marks(result) == BOTH
    result.stdout.no_fnmatch_line("*(Pdb)*")


def test_a_failing_test_enters_the_debugger_with_its_locals(run_suite):
    suite = """
        def test_fails():
            local = open("held.txt", "w")
            assert local.closed

        def test_innocent():
            pass
        """
    result = run_suite(suite, "--pdb", *DEBUGGER, files={"typist_of_locals.py": TYPIST})
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*('in', [[]*'local'*[]])*"])
    assert without_fault(result)


def test_trace_starts_the_debugger_and_still_finds_the_leak(run_suite):
    # The debugger holds the frames of the test, and so what its arguments hold.
    result = run_suite(SUITE, "--trace", "-k", "not holds", *DEBUGGER, files={"typist_of_locals.py": TYPIST})
    assert charged_at_marks(result) == BOTH[:1]


# -- fixtures without tests, and plans


LEAKY_FIXTURE = """
    import pytest

    @pytest.fixture
    def resource():
        open("left.txt", "w")  # leak

    def test_uses(resource):
        raise RuntimeError("not to be run")
    """


def test_setup_only_finds_a_fixtures_leak(run_suite):
    result = run_suite(LEAKY_FIXTURE, "--setup-only")
    assert charged_at_marks(result) == [("test_uses", "teardown")]


def test_setup_plan_runs_nothing_and_finds_nothing(run_suite):
    result = run_suite(LEAKY_FIXTURE, "--setup-plan")
    assert charged_at_marks(result) == []
    assert result.ret == pytest.ExitCode.OK
    assert not os.path.exists("left.txt")
    assert without_fault(result)


# -- other people's protocol


PROTOCOLS = {
    "once": """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
            runtestprotocol(item, nextitem=nextitem)
            item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
            return True
        """,
    "twice, the last one counts": """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            runtestprotocol(item, nextitem=nextitem, log=False)
            for report in runtestprotocol(item, nextitem=nextitem, log=False):
                item.ihook.pytest_runtest_logreport(report=report)
            return True
        """,
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_conftest_that_runs_each_test_by_itself(run_suite, protocol):
    result = run_suite(SUITE, files={"conftest.py": PROTOCOLS[protocol]})
    assert charged_at_marks(result) == BOTH
    result.stdout.fnmatch_lines(["hygiene: 2 leaks in 2 tests"])
    assert without_fault(result)


def test_a_conftest_that_calls_the_test_function_by_itself(run_suite):
    conftest = """
        def pytest_pyfunc_call(pyfuncitem):
            pyfuncitem.obj()
            return True
        """
    result = run_suite(SUITE.replace("(box):", "(box=[]):"), files={"conftest.py": conftest})
    assert charged_at_marks(result)[0] == ("test_leaks", "call")


# -- reruns


@pytest.mark.parametrize("leaky", ["attempt == 1", "True"], ids=["in the first attempt", "in each attempt"])
def test_a_rerun_after_a_leak_at_teardown(run_suite, leaky):
    pytest.importorskip("pytest_rerunfailures")
    suite = f"""
        import pytest

        attempt = 0

        @pytest.fixture
        def box():
            return []

        def test_flaky(box):
            global attempt
            attempt += 1
            if {leaky}:
                box.append(open("left.txt", "w"))  # leak

        def test_innocent():
            pass
        """
    result = run_suite(suite, "--reruns=1", with_plugins=("rerunfailures",))
    leaks = [("test_flaky", "teardown")] if leaky == "True" else []
    assert charged_at_marks(result) == leaks
    assert without_fault(result)


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--cache-show"])
def test_nothing_is_said_of_leaks_where_no_test_ran(run_suite, option):
    result = run_suite(SUITE, option, cache=True)
    result.stdout.no_fnmatch_line("hygiene: *")
    result.stdout.no_fnmatch_line("checks: *")


def test_pytest_runs_without_its_own_python_plugin(run_suite):
    result = run_suite(
        "",
        "-p",
        "no:python",
        "-p",
        "no:anyio",
        "-p",
        "no:xprocess",
        "--doctest-glob=*.md",
        subprocess=True,
        files={"page.md": ">>> 1 + 1\n2\n"},
    )
    result.assert_outcomes(passed=1)
