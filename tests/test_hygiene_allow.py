"""The fixture ``hygiene``: what ``allow()`` allows, ``findings``, and both on workers."""

from __future__ import annotations

import functools

import pytest
from hygiene_suites import in_test, run_with_shop
from reading_runs import failed


@pytest.fixture
def run(run_suite):
    return functools.partial(run_with_shop, run_suite)


ALLOWED = {
    "dropped": "shop.leak()",
    "sqlite": "shop.connect()",
    "cycle": "shop.work()",
    "context": "shop.app.app_context().push()",
    "held, and dropped after the test": "kept.append(open('left.txt', 'w'))",
    "a thread, later": "start()",
}

LATER = """
import threading

kept = []
go = threading.Event()

def start():
    def work():
        go.wait()
        shop.leak()
    kept.append(threading.Thread(target=work))
    kept[0].start()

@pytest.fixture(autouse=True)
def _ends():
    yield
    go.set()
    for each in kept:
        if isinstance(each, threading.Thread):
            each.join()

def test_after():
    kept.clear()
"""


@pytest.mark.parametrize("what", ALLOWED)
def test_what_is_born_in_the_block_is_allowed_whenever_it_is_found(run, what):
    suite = in_test("with hygiene.allow(reason='the old one'):", f"    {ALLOWED[what]}", after=LATER)
    result = run(suite, "-v")
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["allowed: 1 leak", "  * in test_suite.py::test_it: the old one"])


@pytest.mark.parametrize("what", ["dropped", "sqlite", "cycle", "context"])
def test_the_same_outside_the_block_is_not(run, what):
    lines = ["def again():", f"    {ALLOWED[what]}", "with hygiene.allow():", "    again()", "again()"]
    result = run(in_test(*lines))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test", "allowed: 1 leak"])
    assert "(2 times)" not in result.stdout.str()


@pytest.mark.parametrize("what", ["dropped", "cycle"])
def test_what_was_made_before_the_block_is_not(run, what):
    run(in_test(ALLOWED[what], "with hygiene.allow():", "    pass")).assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("arguments", "outcome"),
    [
        ("'file'", "passed"),
        ("'socket', 'file'", "passed"),
        ("'socket'", "failed"),
        ("match='left'", "passed"),
        ("match='right'", "failed"),
        ("'file', match='leak$'", "passed"),
    ],
)
def test_allow_takes_what_the_marker_takes(run, arguments, outcome):
    result = run(in_test(f"with hygiene.allow({arguments}):", "    shop.leak()"))
    result.assert_outcomes(**{outcome: 1})


def test_without_a_reason_the_summary_names_allow(run):
    result = run(in_test("with hygiene.allow():", "    shop.leak()"), "-v")
    result.stdout.fnmatch_lines(["  file in test_suite.py::test_it: hygiene.allow"])


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("'fiel'", "ValueError: hygiene.allow: unknown kind 'fiel'; the kinds are response, file, *"),
        ("match='('", "ValueError: hygiene.allow: match='(' is not a regular expression: *"),
        ("match=3", "TypeError: hygiene.allow: match=3 is not a regular expression: *"),
        ("reason=3", "TypeError: hygiene.allow: reason=3 is not a string"),
    ],
)
@pytest.mark.parametrize("mode", ["fail", "off"])
def test_allow_says_what_is_wrong(run, arguments, error, mode):
    result = run(in_test(f"hygiene.allow({arguments})"), f"--hygiene={mode}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E *{error.replace('[', '[[]')} (see docs/messages.md in *)"])


def test_a_fixture_that_yields_inside_a_block_allows_for_the_test(run):
    suite = """
    @pytest.fixture
    def tolerant(hygiene):
        with hygiene.allow("file", "cycle"):
            yield

    def test_it(tolerant):
        shop.leak()
        shop.work()

    def test_other():
        shop.leak()
    """
    result = run(suite)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["allowed: 2 leaks"])


def test_blocks_in_blocks(run):
    lines = [
        "with hygiene.allow('file'):",
        "    with hygiene.allow('cycle'):",
        "        shop.leak()",
        "        shop.work()",
        "    shop.leak()",
        "hygiene.check()",
        "with hygiene.allow('file'):",
        "    shop.work()",
    ]
    result = run(in_test(*lines))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test", "*1 test  cycle *", "allowed: 3 leaks"])


def test_a_block_that_was_never_left_ends_with_its_test(run):
    suite = """
    kept = []

    def test_it(hygiene):
        kept.append(hygiene.allow())
        kept[0].__enter__()

    def test_other(hygiene):
        shop.leak()
    """
    result = run(suite)
    result.assert_outcomes(passed=1, failed=1)
    assert "test_other - hygiene: file" in failed(result)[0]


def test_a_thread_started_before_the_block_is_not_allowed(run):
    lines = [
        "import threading",
        "go = threading.Event()",
        "thread = threading.Thread(target=lambda: (go.wait(), shop.leak()))",
        "thread.start()",
        "with hygiene.allow():",
        "    go.set()",
        "    thread.join()",
    ]
    run(in_test(*lines)).assert_outcomes(failed=1)


def test_an_exception_that_the_test_itself_keeps(run):
    lines = ["with hygiene.allow('cycle'):", "    try:", "        raise KeyError"]
    lines += ["    except KeyError as e:", "        error = e"]
    result = run(in_test(*lines), "--hygiene-strict")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["allowed: 1 leak"])


def test_what_is_held_and_open_is_allowed_in_strict_mode(run):
    suite = in_test("with hygiene.allow():", "    kept.append(open('left.txt', 'w'))", after="kept = []")
    result = run(suite, "--hygiene-strict")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["allowed: 1 leak"])


def test_a_response_of_the_block_is_closed_and_allowed(run):
    lines = ["with hygiene.allow('response'):", "    kept.append(shop.app.test_client().get('/file'))"]
    result = run(in_test(*lines, after="kept = []"), "--hygiene-strict")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["closed for the tests: 1 streamed response", "allowed: 1 leak"])


def test_an_engine_made_in_the_block_connects_later(run):
    pytest.importorskip("sqlalchemy")
    lines = [
        "from sqlalchemy import create_engine, text",
        "with hygiene.allow('sqlite'):",
        "    engine = create_engine('sqlite:///shop.db')",
        "with engine.connect() as connection:",
        "    connection.execute(text('SELECT 1'))",
    ]
    result = run(in_test(*lines))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["allowed: 1 leak"])


# -- findings


def test_findings_are_what_was_found_so_far(run):
    lines = [
        "assert hygiene.findings == []",
        "with hygiene.allow('file'):",
        "    shop.leak()",
        "shop.connect()",
        "shop.work()",
        "found = {f.kind: f.outcome for f in hygiene.findings}",
        "assert found == {'file': 'allowed', 'sqlite': 'failed', 'cycle': 'failed'}",
        "with pytest.raises(LeakError):",
        "    hygiene.check()",
        "assert {f.kind: f.outcome for f in hygiene.findings} == found",
    ]
    result = run(in_test(*lines))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks", "allowed: 1 leak"])


def test_looking_at_findings_does_not_consume_them(run):
    run(in_test("shop.leak()", "assert len(hygiene.findings) == 1")).assert_outcomes(failed=1)


# -- pytest-xdist


MIXED = """
def test_checks(hygiene):
    shop.leak()
    hygiene.check()

def test_allows(hygiene):
    with hygiene.allow("file", reason="the old one"):
        shop.leak()

def test_both(hygiene):
    def again():
        shop.leak()
    with hygiene.allow("file", reason="the old one"):
        again()
    again()

def test_in_line(hygiene):
    with hygiene.allow(): shop.leak()
    for number in range(2):
        if number: shop.leak()
"""


def test_the_same_under_xdist(run):
    pytest.importorskip("xdist")

    def summary(*args):
        result = run(MIXED, "-v", *args, with_plugins=("xdist",), subprocess=bool(args))
        result.assert_outcomes(failed=3, passed=1)
        lines = result.outlines[
            [n for n, li in enumerate(result.outlines) if li.startswith("hygiene: ")][-1] :
        ]
        return [line for line in lines if not line.startswith(("checks", "FAILED", "="))]

    alone = summary()
    assert summary("-n2") == alone
    assert "allowed: 3 leaks" in alone
    assert "  file in test_suite.py::test_allows: the old one" in alone
