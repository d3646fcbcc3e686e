"""The fixture ``hygiene``: what ``check()`` finds, and what it must not find."""

from __future__ import annotations

import functools

import pytest
from hygiene_suites import in_test, run_with_shop
from reading_runs import failed


@pytest.fixture
def run(run_suite):
    return functools.partial(run_with_shop, run_suite)


# -- check(): what it finds


LEAKS = {
    "file": "shop.leak()",
    "sqlite": "shop.connect()",
    "cycle": "shop.work()",
    "context": "shop.app.app_context().push()",
}


@pytest.mark.parametrize("kind", LEAKS)
def test_check_fails_at_the_leak(run, kind):
    result = run(in_test(LEAKS[kind], "hygiene.check()", "print('went on')"))
    result.assert_outcomes(failed=1)
    (line,) = failed(result)
    assert f"test_it - hygiene: {kind} " in line
    result.stdout.no_fnmatch_line("*went on*")


@pytest.mark.parametrize("kind", LEAKS)
def test_what_check_found_is_reported_once(run, kind):
    result = run(in_test(LEAKS[kind], "hygiene.check()"))
    text = result.stdout.str()
    assert text.count("\nfix: ") == 1
    assert "hygiene: 1 leak in 1 test" in text


@pytest.mark.parametrize("kind", LEAKS)
def test_what_check_found_and_the_test_accepted_is_not_reported_again(run, kind):
    result = run(in_test(LEAKS[kind], "with pytest.raises(LeakError):", "    hygiene.check()"))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_check_shows_the_findings_and_no_traceback(run):
    result = run(in_test("shop.leak()", "hygiene.check()"))
    result.stdout.fnmatch_lines(
        [
            "hygiene: test_it left 1 resource open",
            "file  opened here and dropped without close()",
            "    test_suite.py:* in test_it *shop.leak()",
            "    shop.py:* in leak *",
            "fix: *",
        ]
    )
    result.stdout.no_fnmatch_line("*LeakError*")
    result.stdout.no_fnmatch_line("*def check*")


def test_check_passes_where_nothing_leaked(run):
    run(in_test("with open('closed.txt', 'w'): pass", "hygiene.check()")).assert_outcomes(passed=1)


def test_a_leak_after_check_is_found_as_ever(run):
    result = run(in_test("hygiene.check()", "shop.leak()"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


def test_the_same_line_leaks_again_after_check(run):
    lines = ["def again():", "    shop.leak()", "again()", "with pytest.raises(LeakError):"]
    result = run(in_test(*lines, "    hygiene.check()", "hygiene.check()", "again()"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["file  opened here and dropped without close()", "hygiene: 1 leak in 1 test"]
    )
    assert "left 1 resource open" in result.stdout.str()


def test_check_names_the_findings(run):
    lines = ["shop.leak()", "with pytest.raises(LeakError) as info:", "    hygiene.check()"]
    asserts = [
        "(finding,) = info.value.findings",
        "assert (finding.kind, finding.state, finding.outcome) == ('file', 'dropped', 'failed')",
        "assert finding.site.frame.function == 'leak'",
        "assert 'left.txt' in str(info.value)",
    ]
    run(in_test(*lines, *asserts)).assert_outcomes(passed=1)


def test_check_frees_what_it_found(run):
    lines = [
        "import weakref",
        "class Thing: pass",
        "thing = Thing()",
        "thing.itself = thing",
        "reference = weakref.ref(thing)",
        "del thing",
        "hygiene.check()",
        "assert reference() is None",
    ]
    run(in_test(*lines)).assert_outcomes(passed=1)


# -- check(): what it must not find


MAY_BE_CLOSED = {
    "with app_context": "with shop.app.app_context():\n    hygiene.check()",
    "with client": "with shop.app.test_client() as client:\n    client.get('/')\n    hygiene.check()",
    "pushed by hand": "context = shop.app.app_context()\ncontext.push()\nhygiene.check()\ncontext.pop()",
    "with open": "with open('a.txt', 'w') as file:\n    hygiene.check()",
    "with open, nameless": "with open('a.txt', 'w'):\n    hygiene.check()",
    "a local": "file = open('a.txt', 'w')\nhygiene.check()\nfile.close()",
    "a list": "files = [open('a.txt', 'w')]\nhygiene.check()\nfiles[0].close()",
    "a fixture's value": "box.append(open('a.txt', 'w'))\nhygiene.check()",
    "a closing finalizer": "file = open('a.txt', 'w')\nrequest.addfinalizer(file.close)\nhygiene.check()",
    "an exception": "try:\n    1 / 0\nexcept Exception as e:\n    error = e\nhygiene.check()\ndel error",
}

TO_NAMES = str.maketrans(" ,'", "___")

BOX = """
@pytest.fixture
def box():
    kept = []
    yield kept
    for each in kept:
        each.close()
"""


@pytest.mark.parametrize("args", [(), ("--hygiene-strict",)], ids=["default", "strict"])
def test_what_may_still_be_closed_is_no_leak_yet(run, args):
    tests = [
        in_test(body, fixtures="hygiene, box, request").replace("test_it", f"test_{what.translate(TO_NAMES)}")
        for what, body in MAY_BE_CLOSED.items()
    ]
    run("\n".join([*tests, BOX]), *args, "-rA").assert_outcomes(passed=len(MAY_BE_CLOSED))


def test_a_fixtures_context_is_no_leak(run):
    suite = """
    @pytest.fixture
    def pushed():
        with shop.app.app_context():
            yield

    def test_it(pushed, hygiene):
        hygiene.check()
    """
    run(suite).assert_outcomes(passed=1)


def test_check_is_silent_about_the_leak_of_another_test(run):
    suite = """
    kept = []

    def test_opens():
        kept.append(open("left.txt", "w"))

    def test_checks(hygiene):
        kept.clear()
        hygiene.check()
    """
    result = run(suite)
    result.assert_outcomes(passed=2, errors=1)
    (line,) = failed(result)
    assert line.startswith("ERROR hygiene: file leaked by test_suite.py::test_opens")


# -- strict, warn, off


STRICT = {
    "held by the test's module": ("kept.append(open('left.txt', 'w'))", "file"),
    "a dropped sent file": ("shop.app.test_client().get('/file')", "response"),
    "a cycle of test code": ("make()", "cycle"),
}

MAKE = """
kept = []

def make():
    try:
        raise KeyError
    except KeyError as e:
        error = e
"""


@pytest.mark.parametrize("what", STRICT)
def test_check_in_strict_mode(run, what):
    line, kind = STRICT[what]
    result = run(in_test(line, "hygiene.check()", "print('went on')", after=MAKE), "--hygiene-strict")
    result.assert_outcomes(failed=1)
    assert f"test_it - hygiene: {kind} " in failed(result)[0]
    result.stdout.no_fnmatch_line("*went on*")


@pytest.mark.parametrize("what", STRICT)
def test_check_by_default_accepts_what_only_strict_fails(run, what):
    run(in_test(STRICT[what][0], "hygiene.check()", after=MAKE)).assert_outcomes(passed=1)


def test_warn_lists_and_does_not_fail(run):
    result = run(in_test("shop.leak()", "hygiene.check()", "print('went on')"), "--hygiene=warn", "-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*went on*", "hygiene: 1 leak in 1 test (warn: nothing fails)"])


def test_off_does_nothing(run):
    lines = ["shop.leak()", "with hygiene.allow('file'):", "    shop.leak()", "hygiene.check()"]
    result = run(in_test(*lines, "assert hygiene.findings == []"), "--hygiene=off")
    result.assert_outcomes(passed=1)
    assert "leak in" not in result.stdout.str()


def test_a_fault_of_ours_breaks_no_test(run):
    suite = """
    def test_it(hygiene, request):
        run = hygiene._run
        def bad(*_):
            raise RuntimeError("our own")
        run.sweep_so_far = bad
        with hygiene.allow():
            pass
        hygiene.check()
        assert hygiene.findings == []
        del run.sweep_so_far
    """
    result = run(suite)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["a fault of pytest-flask-hygiene itself*RuntimeError: our own*"])


# -- owners and phases


def test_check_in_the_setup_of_a_fixture(run):
    suite = """
    @pytest.fixture
    def leaky(hygiene):
        shop.leak()
        hygiene.check()

    def test_it(leaky):
        pass
    """
    result = run(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_it*", "hygiene: function fixture 'leaky' left 1 *"])
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


def test_check_of_a_fixtures_cycle_names_the_fixture(run):
    suite = """
    @pytest.fixture
    def leaky(hygiene):
        shop.work()
        hygiene.check()

    def test_it(leaky):
        pass
    """
    run(suite).stdout.fnmatch_lines(["hygiene: function fixture 'leaky' left 1 exception in a cycle"])


def test_check_sees_what_a_fixture_inside_a_fixture_leaked(run):
    suite = """
    @pytest.fixture
    def inner():
        shop.leak()

    @pytest.fixture
    def outer(inner, hygiene):
        hygiene.check()

    def test_it(outer):
        pass
    """
    result = run(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["hygiene: function fixture 'inner' left 1 resource open"])


def test_check_in_the_teardown_of_a_fixture(run):
    suite = """
    @pytest.fixture
    def checked(hygiene):
        kept = []
        yield kept
        kept.clear()
        hygiene.check()

    def test_it(checked):
        checked.append(open("left.txt", "w"))
    """
    result = run(suite)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_it*", "hygiene: test_it left 1 resource open"])
    assert result.stdout.str().count("\nfix: ") == 1


def test_check_in_a_teardown_says_nothing_of_what_the_call_was_failed_for(run):
    suite = """
    @pytest.fixture
    def checked(hygiene):
        yield
        hygiene.check()

    def test_it(checked):
        shop.leak()
    """
    run(suite).assert_outcomes(failed=1)


def test_check_in_the_teardown_of_a_test_that_failed(run):
    suite = """
    @pytest.fixture
    def checked(hygiene):
        yield
        hygiene.check()

    def test_it(checked):
        held = open("left.txt", "w")
        assert False
    """
    run(suite).assert_outcomes(failed=1)


def test_two_finalizers_that_raise(run):
    suite = """
    @pytest.fixture
    def checked(hygiene, request):
        def bad():
            raise RuntimeError("something else")
        request.addfinalizer(bad)
        yield
        shop.leak()
        hygiene.check()

    def test_it(checked):
        pass
    """
    result = run(suite)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*RuntimeError: something else*"])
    result.stdout.fnmatch_lines(["*opened here and dropped without close()*"])
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


def test_a_fixture_of_wider_scope_can_not_use_it(run):
    suite = """
    @pytest.fixture(scope="module")
    def wide(hygiene):
        pass

    def test_it(wide):
        pass
    """
    result = run(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ScopeMismatch*hygiene*"])


def test_after_its_test_it_says_so(run):
    suite = """
    kept = []

    def test_first(hygiene):
        kept.append(hygiene)

    def test_second():
        kept[0].check()
    """
    result = run(suite)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*RuntimeError: hygiene: * test_suite.py::test_first, which has ended*"])


# -- tests that do not pass by themselves


def test_check_never_satisfies_xfail(run):
    result = run("@pytest.mark.xfail\n" + in_test("shop.leak()", "hygiene.check()"))
    result.assert_outcomes(failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_xfail_may_name_the_error(run):
    suite = "@pytest.mark.xfail(raises=LeakError)\n" + in_test("shop.leak()", "hygiene.check()")
    run(suite).assert_outcomes(xfailed=1)


def test_check_in_a_subtest(run):
    pytest.importorskip("_pytest.subtests")
    lines = ["with subtests.test('one'):", "    shop.leak()", "    hygiene.check()"]
    result = run(in_test(*lines, fixtures="hygiene, subtests"))
    result.stdout.fnmatch_lines(["*opened here and dropped without close()*", "hygiene: 1 leak in 1 test"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("leaks", ["always", "once"])
def test_reruns(run, leaks):
    pytest.importorskip("pytest_rerunfailures")
    suite = f"""
    runs = []

    @pytest.mark.flaky(reruns=1)
    def test_it(hygiene):
        runs.append(1)
        if {leaks == "always"} or len(runs) == 1:
            shop.leak()
        hygiene.check()
    """
    result = run(suite, with_plugins=("rerunfailures",))
    text = result.stdout.str()
    assert "1 rerun" in text
    assert ("1 failed" in text) is (leaks == "always")
    assert ("hygiene: 1 leak in 1 test" in text) is (leaks == "always")


# -- where tests come from


def test_unittest(run):
    suite = """
    import unittest

    class TestShop(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _hygiene(self, hygiene):
            self.hygiene = hygiene

        def test_leaks(self):
            shop.leak()
            self.hygiene.check()

        def test_allows(self):
            with self.hygiene.allow("file"):
                shop.leak()

    @pytest.mark.usefixtures("hygiene")
    class TestNamed(unittest.TestCase):
        def test_it(self):
            pass
    """
    run(suite).assert_outcomes(failed=1, passed=2)


ASYNC = """
@pytest.mark.{mark}
async def test_leaks(hygiene):
    shop.leak()
    hygiene.check()

@pytest.mark.{mark}
async def test_allows(hygiene):
    import {mark}
    with hygiene.allow("file"):
        await {mark}.sleep(0)
        shop.leak()
    hygiene.check()
"""


@pytest.mark.parametrize("mark", ["asyncio", "anyio"])
def test_async(run, mark):
    pytest.importorskip("pytest_asyncio" if mark == "asyncio" else mark)
    backend = "@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
    result = run(ASYNC.format(mark=mark) + backend, with_plugins=(mark,), subprocess=True)
    result.assert_outcomes(failed=1, passed=1)
    assert "test_leaks - hygiene: file " in failed(result)[0]


def test_doctest(run):
    docs = {
        "leaks.txt": """
        >>> hygiene = getfixture("hygiene")
        >>> import shop
        >>> shop.leak()
        >>> hygiene.check()
        """,
        "allows.txt": """
        >>> hygiene = getfixture("hygiene")
        >>> import shop
        >>> with hygiene.allow("file"):
        ...     shop.leak()
        >>> hygiene.check()
        """,
    }
    result = run("", "leaks.txt", "allows.txt", "-opythonpath=.", files=docs)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*opened here and dropped without close()*", "hygiene: 1 leak in 1 test"])
