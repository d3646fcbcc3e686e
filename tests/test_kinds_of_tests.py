"""The same verdict, phase and line, whatever runs the test: doctest, unittest, an event loop, other items."""

from __future__ import annotations

from textwrap import dedent

import pytest
from reading_runs import charged_at_marks, without_fault

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
    assert charged_at_marks(result) == [("shop.work", "call")]


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
    assert charged_at_marks(result) == [expected]
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("where", ASYNC_UNITTESTS)
def test_async_unittest_leak_in(run_suite, where):
    body, call, expected = ASYNC_UNITTESTS[where]
    result = run_suite(unittest_suite("IsolatedAsyncioTestCase", body, call, ""))
    assert charged_at_marks(result) == [expected]
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
    assert charged_at_marks(result) == []


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
    assert charged_at_marks(result) == [expected]
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


# -- items of other kinds


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
    assert charged_at_marks(result) == [("leaks", "call")]
    result.assert_outcomes(failed=1, passed=2)
