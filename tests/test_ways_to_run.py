"""The same verdict, phase and line, however pytest is run and whatever runs the test."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from conftest import NO_OTHERS

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


def charged(result: pytest.RunResult) -> list[tuple[str, str]]:
    """Test and phase of each report that fails for a leak, whose crash line must say ``# leak``."""
    found = []
    for report in result.reprec.getreports("pytest_runtest_logreport"):
        crash = getattr(report.longrepr, "reprcrash", None)
        if report.failed and crash is not None and crash.message.startswith("hygiene: "):
            line = Path(crash.path).read_text("utf-8").splitlines()[crash.lineno - 1]
            assert line.endswith("# leak"), line
            found.append((report.nodeid.rpartition("::")[2], report.when))
    return found


def called(result: pytest.RunResult) -> list[str]:
    """The tests that ran, in their order."""
    reports = result.reprec.getreports("pytest_runtest_logreport")
    return [report.nodeid.rpartition("::")[2] for report in reports if report.when == "call"]


def without_fault(result: pytest.RunResult) -> bool:
    return "fault of pytest-flask-hygiene" not in result.stdout.str()


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
    assert charged(result) == BOTH
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_one_test_by_its_node_id(run_suite):
    run_suite(SUITE, "--collect-only")
    result = run_suite("", "test_suite.py::test_leaks")
    result.assert_outcomes(failed=1)
    assert charged(result) == [("test_leaks", "call")]


def test_collecting_alone_finds_nothing(run_suite):
    result = run_suite(SUITE, "--collect-only")
    assert result.ret == pytest.ExitCode.OK
    assert charged(result) == []


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
    assert charged(result) == [("test_0", "call"), ("test_1", "call")]


CACHE = ("-p", "cacheprovider", "-p", "stepwise")


def test_lf_runs_leaks_again(run_suite):
    run_suite(SUITE, *CACHE)
    result = run_suite("", *CACHE, "--lf")
    assert charged(result) == BOTH
    assert called(result) == ["test_leaks", "test_holds"]


def test_lf_forgets_leaks_that_were_mended(run_suite):
    run_suite(SUITE, *CACHE)
    mended = SUITE.replace(', "w")', ', "w").close()')
    assert called(run_suite(mended, *CACHE, "--lf")) == ["test_leaks", "test_holds"]
    assert len(called(run_suite("", *CACHE, "--lf"))) == 4


def test_ff_runs_leaks_first(run_suite):
    run_suite(SUITE, *CACHE)
    result = run_suite("", *CACHE, "--ff")
    assert charged(result) == BOTH
    assert called(result) == ["test_leaks", "test_holds", "test_before", "test_after"]


@pytest.mark.parametrize("leak", BOTH, ids=lambda leak: leak[0])
def test_sw_stops_at_a_leak_and_goes_on_there(run_suite, leak):
    name = leak[0]
    first = run_suite(SUITE, *CACHE, "--sw", "-k", f"before or after or {name}")
    again = run_suite("", *CACHE, "--sw", "-k", f"before or after or {name}")
    assert charged(first) == charged(again) == [leak]
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
    assert charged(result) == [("test_leaks", "call")]
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
    assert charged(result) == BOTH
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
    assert charged(result) == BOTH[:1]


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
    assert charged(result) == [("test_uses", "teardown")]


def test_setup_plan_runs_nothing_and_finds_nothing(run_suite):
    result = run_suite(LEAKY_FIXTURE, "--setup-plan")
    assert charged(result) == []
    assert result.ret == pytest.ExitCode.OK
    assert not os.path.exists("left.txt")
    assert without_fault(result)


# -- doctests

DOCTEST = """
    >>> kept = open("left.txt", "w")
    >>> 1 + 1
    2
    """
CLEAN_DOCTEST = """
    >>> with open("closed.txt", "w") as file:
    ...     _ = file.write("text")
    """
DOCTESTS = {
    "module": ("shop.py", 'def function():\n    """Opens.\n{}    """\n', "--doctest-modules"),
    "text file": ("usage.txt", "Usage\n=====\n{}", "--doctest-glob=*.txt"),
}


@pytest.mark.parametrize("kind", DOCTESTS)
def test_a_doctest_in_a(run_suite, kind):
    name, frame, option = DOCTESTS[kind]
    result = run_suite("def test_innocent():\n    pass\n", option, files={name: frame.format(DOCTEST)})
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*left.txt*", "*<doctest *", f"FAILED {name}::*"])


@pytest.mark.parametrize("kind", DOCTESTS)
def test_a_clean_doctest_in_a(run_suite, kind):
    name, frame, option = DOCTESTS[kind]
    result = run_suite("def test_innocent():\n    pass\n", option, files={name: frame.format(CLEAN_DOCTEST)})
    result.assert_outcomes(passed=2)


def test_what_a_doctest_calls_is_named(run_suite):
    shop = """
        def work():
            '''Works.

            >>> work()
            '''
            open("left.txt", "w")  # leak
        """
    result = run_suite("", "--doctest-modules", files={"shop.py": shop})
    assert charged(result) == [("shop.work", "call")]


# -- unittest

UNITTEST = """
    import unittest

    {module}

    class TestCase(unittest.{base}):
        {body}

        {test} test_it(self):
            {call}

    class TestOther(unittest.TestCase):
        def test_innocent(self):
            pass
    """
LEAK = 'open("left.txt", "w")  # leak'

CLASS_CLEANUP = f"""@classmethod
    def setUpClass(cls): cls.addClassCleanup(cls.clean)

    @classmethod
    def clean(cls): {LEAK}"""

#: What runs the leak: the class's body, the test's, the module's, the base; and who is charged when.
UNITTESTS = {
    "setUp": (f"def setUp(self): {LEAK}", "", "", ("test_it", "call")),
    "setUp, held": (f"def setUp(self): self.file = {LEAK}", "", "", ("test_it", "teardown")),
    "tearDown": (f"def tearDown(self): {LEAK}", "", "", ("test_it", "call")),
    "addCleanup": (f"def clean(self): {LEAK}", "self.addCleanup(self.clean)", "", ("test_it", "call")),
    "setUpClass": (f"@classmethod\n    def setUpClass(cls): {LEAK}", "", "", ("test_it", "teardown")),
    "tearDownClass": (f"@classmethod\n    def tearDownClass(cls): {LEAK}", "", "", ("test_it", "teardown")),
    "addClassCleanup": (CLASS_CLEANUP, "", "", ("test_it", "teardown")),
    "setUpModule": ("", "", f"def setUpModule(): {LEAK}", ("test_innocent", "teardown")),
    "tearDownModule": ("", "", f"def tearDownModule(): {LEAK}", ("test_innocent", "teardown")),
    "subTest": ("", f"with self.subTest(number=1): {LEAK}", "", ("test_it", "call")),
    "helper": (f"def make(self): {LEAK}", "self.make()", "", ("test_it", "call")),
}
ASYNC_UNITTESTS = {
    "asyncSetUp": (f"async def asyncSetUp(self): {LEAK}", "", ("test_it", "call")),
    "asyncTearDown": (f"async def asyncTearDown(self): {LEAK}", "", ("test_it", "call")),
    "addAsyncCleanup": (
        f"async def clean(self): {LEAK}",
        "self.addAsyncCleanup(self.clean)",
        ("test_it", "call"),
    ),
    "the test": ("", LEAK, ("test_it", "call")),
}


def unittest_suite(base: str, body: str, call: str, module: str) -> str:
    test = "async def" if "Async" in base else "def"
    parts = {"base": base, "body": body or "pass", "call": call or "pass", "module": module, "test": test}
    return dedent(UNITTEST).format(**parts)


@pytest.mark.parametrize("where", UNITTESTS)
def test_unittest_leak_in(run_suite, where):
    body, call, module, expected = UNITTESTS[where]
    result = run_suite(unittest_suite("TestCase", body, call, module))
    assert charged(result) == [expected]
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("where", ASYNC_UNITTESTS)
def test_async_unittest_leak_in(run_suite, where):
    body, call, expected = ASYNC_UNITTESTS[where]
    result = run_suite(unittest_suite("IsolatedAsyncioTestCase", body, call, ""))
    assert charged(result) == [expected]
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("base", ["TestCase", "IsolatedAsyncioTestCase"])
def test_clean_unittest_on(run_suite, base):
    result = run_suite(unittest_suite(base, "", "", ""))
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


@pytest.mark.parametrize(
    ("decorator", "end", "outcome"),
    [
        ("", 'self.skipTest("no")', "skipped"),
        ("@unittest.expectedFailure", "self.fail()", "xfailed"),
        ("@unittest.expectedFailure", "pass", "failed"),
    ],
    ids=["skip", "expected failure", "unexpected success"],
)
def test_a_leaky_unittest_keeps_its_outcome(run_suite, decorator, end, outcome):
    result = run_suite(
        f"""
        import unittest

        class TestCase(unittest.TestCase):
            {decorator}
            def test_it(self):
                open("left.txt", "w")
                held = open("held.txt", "w")
                {end}

            def test_innocent(self):
                pass
        """
    )
    result.assert_outcomes(passed=1, **{outcome: 1})
    assert charged(result) == []


def test_a_failing_subtest_beside_a_leak(run_suite):
    result = run_suite(
        """
        import unittest

        class TestCase(unittest.TestCase):
            def test_it(self):
                with self.subTest(number=1):
                    self.fail("no")
                open("left.txt", "w")

            def test_innocent(self):
                pass
        """
    )
    assert result.parseoutcomes()["passed"] == 1
    assert without_fault(result)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


# -- asynchronous tests and fixtures

ASYNC_SUITE = """
    import pytest
    {imports}

    {fixture}
    async def resource():
        {body}

    {mark}
    async def test_uses(resource):
        {call}

    {mark}
    async def test_innocent():
        pass
    """
ASYNC_LEAKS = {
    "the test": ("yield", LEAK, ("test_uses", "call")),
    "a fixture's setup": (f"{LEAK}\n    yield", "pass", ("test_uses", "teardown")),
    "a fixture's teardown": (f"yield\n    {LEAK}", "pass", ("test_uses", "teardown")),
    "a fixture that returns": (LEAK, "pass", ("test_uses", "teardown")),
}
BACKEND = 'import pytest\n\n@pytest.fixture{}\ndef anyio_backend():\n    return "{}"\n'
ASYNCIO = "import pytest_asyncio"
STRICT = ("-o", "asyncio_default_fixture_loop_scope=function", "--asyncio-mode=strict")
#: Plugin, module, imports, fixture's decorator, test's mark, options, conftest.
ASYNC_RUNNERS = {
    "anyio on asyncio": (
        ("anyio", "anyio", "", "@pytest.fixture", "@pytest.mark.anyio"),
        (),
        BACKEND.format("", "asyncio"),
    ),
    "anyio on trio": (
        ("anyio", "trio", "", "@pytest.fixture", "@pytest.mark.anyio"),
        (),
        BACKEND.format("", "trio"),
    ),
    "pytest-asyncio, strict": (
        ("asyncio", "pytest_asyncio", ASYNCIO, "@pytest_asyncio.fixture", "@pytest.mark.asyncio"),
        STRICT,
        "",
    ),
    "pytest-asyncio, auto": (
        ("asyncio", "pytest_asyncio", "", "@pytest.fixture", ""),
        ("-o", "asyncio_default_fixture_loop_scope=function", "--asyncio-mode=auto"),
        "",
    ),
    "pytest-asyncio, session loop": (
        (
            "asyncio",
            "pytest_asyncio",
            ASYNCIO,
            '@pytest_asyncio.fixture(loop_scope="session")',
            '@pytest.mark.asyncio(loop_scope="session")',
        ),
        STRICT,
        "",
    ),
}


@pytest.mark.parametrize("where", ASYNC_LEAKS)
@pytest.mark.parametrize("runner", ASYNC_RUNNERS)
def test_async_leak_in(run_suite, runner, where):
    (plugin, module, imports, fixture, mark), args, conftest = ASYNC_RUNNERS[runner]
    pytest.importorskip(module)
    body, call, expected = ASYNC_LEAKS[where]
    suite = dedent(ASYNC_SUITE).format(imports=imports, fixture=fixture, mark=mark, body=body, call=call)
    result = run_suite(suite, *args, files={"conftest.py": conftest}, with_plugins=(plugin,))
    assert charged(result) == [expected]
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert without_fault(result)


@pytest.mark.parametrize("runner", ASYNC_RUNNERS)
@pytest.mark.parametrize("strict", [(), ("--hygiene-strict",)], ids=["default", "strict"])
def test_clean_async_suite_on(run_suite, runner, strict):
    (plugin, module, imports, fixture, mark), args, conftest = ASYNC_RUNNERS[runner]
    pytest.importorskip(module)
    suite = dedent(ASYNC_SUITE).format(imports=imports, fixture=fixture, mark=mark, body="yield", call="pass")
    result = run_suite(suite, *args, *strict, files={"conftest.py": conftest}, with_plugins=(plugin,))
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


# -- fixtures of every make

FIXTURES = {
    "indirect": (
        """
        @pytest.fixture
        def resource(request):
            open(request.param, "w")  # leak

        @pytest.mark.parametrize("resource", ["left.txt"], indirect=True)
        def test_uses(resource):
            pass
        """,
        [("test_uses[left.txt]", "teardown")],
    ),
    "params": (
        """
        @pytest.fixture(params=["one", "two"])
        def resource(request):
            if request.param == "two":
                open("left.txt", "w")  # leak

        def test_uses(resource):
            pass
        """,
        [("test_uses[two]", "teardown")],
    ),
    "parametrized test": (
        """
        @pytest.mark.parametrize("number", [1, 2, 3])
        def test_uses(number):
            if number == 2:
                open("left.txt", "w")  # leak
        """,
        [("test_uses[2]", "call")],
    ),
    "usefixtures": (
        """
        @pytest.fixture
        def resource():
            open("left.txt", "w")  # leak

        @pytest.mark.usefixtures("resource")
        class TestIt:
            def test_uses(self):
                pass
        """,
        [("test_uses", "teardown")],
    ),
    "dynamic scope": (
        """
        @pytest.fixture(scope=lambda fixture_name, config: "module")
        def resource():
            open("left.txt", "w")  # leak

        def test_first(resource):
            pass

        def test_last(resource):
            pass
        """,
        [("test_innocent", "teardown")],
    ),
    "addfinalizer in a fixture": (
        """
        def finish():
            open("left.txt", "w")  # leak

        @pytest.fixture
        def resource(request):
            request.addfinalizer(finish)

        def test_uses(resource):
            pass
        """,
        [("test_uses", "teardown")],
    ),
    "addfinalizer in a test": (
        """
        def finish():
            open("left.txt", "w")  # leak

        def test_uses(request):
            request.addfinalizer(finish)
        """,
        [("test_uses", "teardown")],
    ),
    "addfinalizer of a module": (
        """
        def finish():
            open("left.txt", "w")  # leak

        @pytest.fixture(scope="module")
        def resource(request):
            request.addfinalizer(finish)

        def test_uses(resource):
            pass
        """,
        [("test_innocent", "teardown")],
    ),
    "override that wraps, inner leaks": (
        """
        @pytest.fixture
        def resource():
            open("left.txt", "w")  # leak
            return 1

        class TestIt:
            @pytest.fixture
            def resource(self, resource):
                return resource + 1

            def test_uses(self, resource):
                assert resource == 2
        """,
        [("test_uses", "teardown")],
    ),
    "override that wraps, outer leaks": (
        """
        @pytest.fixture
        def resource():
            return 1

        class TestIt:
            @pytest.fixture
            def resource(self, resource):
                open("left.txt", "w")  # leak
                return resource + 1

            def test_uses(self, resource):
                assert resource == 2
        """,
        [("test_uses", "teardown")],
    ),
    "override, the overridden one unused": (
        """
        @pytest.fixture
        def resource():
            open("left.txt", "w")

        class TestIt:
            @pytest.fixture
            def resource(self):
                return 2

            def test_uses(self, resource):
                assert resource == 2
        """,
        [],
    ),
    "wide fixture asked for in mid-test": (
        """
        @pytest.fixture(scope="module")
        def resource():
            open("left.txt", "w")  # leak

        def test_asks(request):
            request.getfixturevalue("resource")
        """,
        [("test_innocent", "teardown")],
    ),
    "asked for in mid-test, the test leaks": (
        """
        @pytest.fixture
        def resource():
            return "left.txt"

        def test_asks(request):
            open(request.getfixturevalue("resource"), "w")  # leak
        """,
        [("test_asks", "call")],
    ),
    "fixture that calls a fixture's factory": (
        """
        @pytest.fixture
        def make():
            def make(name):
                return open(name, "w")  # leak
            return make

        @pytest.fixture
        def resource(make):
            make("left.txt")

        def test_uses(resource):
            pass
        """,
        [("test_uses", "teardown")],
    ),
    "autouse of a class": (
        """
        class TestIt:
            @pytest.fixture(autouse=True, scope="class")
            def resource(self):
                yield
                open("left.txt", "w")  # leak

            def test_first(self):
                pass

            def test_last(self):
                pass
        """,
        [("test_last", "teardown")],
    ),
    "fixture that skips": (
        """
        @pytest.fixture
        def resource():
            open("left.txt", "w")
            pytest.skip("not here")

        def test_uses(resource):
            pass
        """,
        [],
    ),
    "context manager inside": (
        """
        import contextlib

        @contextlib.contextmanager
        def opened():
            yield open("left.txt", "w")  # leak

        @pytest.fixture
        def resource():
            with opened() as file:
                yield file

        def test_uses(resource):
            resource.write("text")
        """,
        [("test_uses", "teardown")],
    ),
}


@pytest.mark.parametrize("make", FIXTURES)
def test_fixture(run_suite, make):
    source, expected = FIXTURES[make]
    result = run_suite("import pytest\n" + dedent(source) + "\ndef test_innocent():\n    pass\n")
    assert charged(result) == expected
    assert result.ret == (pytest.ExitCode.TESTS_FAILED if expected else pytest.ExitCode.OK)


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
    assert charged(result) == BOTH
    result.stdout.fnmatch_lines(["hygiene: 2 leaks in 2 tests"])
    assert without_fault(result)


def test_a_conftest_that_calls_the_test_function_by_itself(run_suite):
    conftest = """
        def pytest_pyfunc_call(pyfuncitem):
            pyfuncitem.obj()
            return True
        """
    result = run_suite(SUITE.replace("(box):", "(box=[]):"), files={"conftest.py": conftest})
    assert charged(result)[0] == ("test_leaks", "call")


def test_items_that_are_not_python(run_suite):
    conftest = """
        import pytest

        def pytest_collect_file(file_path, parent):
            if file_path.suffix == ".steps":
                return Steps.from_parent(parent, path=file_path)

        class Steps(pytest.File):
            def collect(self):
                for line in self.path.read_text().split():
                    yield Step.from_parent(self, name=line)

        class Step(pytest.Item):
            def runtest(self):
                if self.name == "leaks":
                    open("left.txt", "w")  # leak
        """
    result = run_suite(files={"conftest.py": conftest, "one.steps": "before leaks after"})
    assert charged(result) == [("leaks", "call")]
    result.assert_outcomes(failed=1, passed=2)


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
    assert charged(result) == leaks
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
