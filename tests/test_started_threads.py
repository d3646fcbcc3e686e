"""Threads: what they open is whose start it was; which of them are findings, and which end by themselves."""

from __future__ import annotations

import functools
import re
from textwrap import dedent

import pytest
from reading_runs import assert_silent, charged, marked
from thread_suites import CONFTEST, IMPORTS, run_with_threads, suite


@pytest.fixture
def run(run_suite):
    return functools.partial(run_with_threads, run_suite)


@pytest.fixture
def strict(run):
    return lambda source, *args, **kwargs: run(source, "--hygiene-strict", *args, **kwargs)


# -- births in threads


HELPERS = """
    def in_thread(work):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    """


@pytest.mark.parametrize(
    "leak",
    ["open('left.txt', 'w')", "socket.socket()", "sqlite3.connect(':memory:', check_same_thread=False)"],
)
def test_what_a_tests_thread_drops_fails_the_test(run, leak):
    source = f"""{HELPERS}
    def work():
        {leak}  # leak

    def test_it():
        in_thread(work)

    def test_innocent():
        pass
    """
    result = run(source)
    assert charged(result) == [("test_it", "call")]
    result.stdout.fnmatch_lines([f"*test_suite.py:{marked(suite(source))} *in work *"])


def test_what_a_fixtures_thread_drops_during_a_test_is_the_fixtures(run):
    source = """
    @pytest.fixture(scope="module")
    def worker():
        jobs = queue.Queue()

        def work():
            while jobs.get():
                open("left.txt", "w")  # leak
                jobs.task_done()

        thread = threading.Thread(target=work)
        thread.start()
        yield jobs
        jobs.put(False)
        thread.join()

    def test_uses(worker):
        worker.put(True)
        worker.join()

    def test_last(worker):
        pass
    """
    result = run(source)
    assert charged(result) == [("test_last", "teardown")]
    result.stdout.fnmatch_lines(
        ["*by module fixture 'worker', *", f"*test_suite.py:{marked(suite(source))} *in work *"]
    )


def test_what_a_thread_of_a_thread_drops_is_the_first_ones(run):
    source = f"""{HELPERS}
    def inner():
        open("left.txt", "w")  # leak

    def outer():
        in_thread(inner)

    def test_it():
        in_thread(outer)
    """
    result = run(source)
    assert charged(result) == [("test_it", "call")]
    result.stdout.fnmatch_lines([f"*test_suite.py:{marked(suite(source))} *in inner *"])


def test_what_a_pools_worker_drops_is_whose_call_started_the_worker(run):
    result = run(
        """
        @pytest.fixture(scope="module")
        def pool():
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                pool.submit(int).result()
                yield pool

        def work():
            open("left.txt", "w")

        def test_uses(pool):
            pool.submit(work).result()

        def test_last(pool):
            pass
        """
    )
    assert charged(result) == [("test_last", "teardown")]
    result.stdout.fnmatch_lines(["*by module fixture 'pool', *"])


# -- no finding, in strict mode


CLEAN = {
    "joined": """
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        """,
    "never_started": "kept.append(threading.Thread(target=stop.wait))",
    "ends_by_itself": "threading.Thread(target=time.sleep, args=(0.01,)).start()",
    "timer": "threading.Timer(0.01, int).start()",
    "cancelled_timer": """
        timer = threading.Timer(60, int)
        timer.start()
        timer.cancel()
        """,
    "pool_in_a_block": """
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            assert list(pool.map(int, "12")) == [1, 2]
        """,
    "pool_shut_down": """
        pool = concurrent.futures.ThreadPoolExecutor(2)
        pool.submit(int).result()
        pool.shutdown()
        """,
    "pool_shut_down_without_waiting": """
        pool = concurrent.futures.ThreadPoolExecutor(2)
        pool.submit(int).result()
        pool.shutdown(wait=False)
        """,
    "pool_dropped": "assert concurrent.futures.ThreadPoolExecutor(2).submit(int).result() == 0",
    "pool_without_work": "kept.append(concurrent.futures.ThreadPoolExecutor(2))",
    "to_thread": "asyncio.run(asyncio.to_thread(int))",
    "default_executor": """
        async def main():
            await asyncio.get_running_loop().run_in_executor(None, int)

        asyncio.run(main())
        """,
    "default_executor_of_a_loop_that_is_closed": """
        loop = asyncio.new_event_loop()
        loop.run_until_complete(loop.run_in_executor(None, int))
        loop.close()
        kept.append(loop)
        """,
    "wide_thread": "assert request.getfixturevalue('wide_thread').is_alive()",
    "class_of_its_own": """
        thread = Hostile(target=time.sleep, args=(0.01,))
        thread.start()
        """,
    "dummy": """
        import _thread

        done = []
        _thread.start_new_thread(lambda: done.append(threading.current_thread()), ())
        while not done:
            time.sleep(0.001)
        """,
}

HOSTILE = """
class Hostile(threading.Thread):
    def __eq__(self, other):
        raise RuntimeError("hostile")

    __hash__ = threading.Thread.__hash__

    def is_alive(self):
        raise RuntimeError("hostile")

    def join(self, timeout=None):
        raise RuntimeError("hostile")

    def __repr__(self):
        raise RuntimeError("hostile")

    def __bool__(self):
        raise RuntimeError("hostile")

"""

WIDE = """
kept = []

@pytest.fixture(scope="session")
def wide_thread():
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    yield thread
    done.set()
    thread.join()

"""


@pytest.mark.parametrize("mode", ["default", "strict"])
def test_no_finding(run_suite, mode):
    text = IMPORTS + HOSTILE + WIDE
    for name, body in CLEAN.items():
        body = dedent(body).strip().replace("\n", "\n    ")
        text += f"\ndef test_{name}(request):\n    {body}\n"
    flags = ("--hygiene-strict",) if mode == "strict" else ()
    assert_silent(run_suite(text, *flags, "-v", files={"conftest.py": CONFTEST}), len(CLEAN))


# -- left running


LEFT = {
    "plain": """
        threading.Thread(target=stop.wait).start()  # leak
        """,
    "daemon": """
        threading.Thread(target=stop.wait, daemon=True).start()  # leak
        """,
    "timer": """
        timer = threading.Timer(60, int)
        kept.append(timer)
        timer.start()  # leak
        """,
    "pool_kept": """
        kept.append(concurrent.futures.ThreadPoolExecutor(1))
        kept[-1].submit(int).result()  # leak
        """,
    "pool_at_work": """
        pool = concurrent.futures.ThreadPoolExecutor(1)
        pool.submit(stop.wait)  # leak
        """,
    "executor_of_the_users": """
        loop = asyncio.new_event_loop()
        kept.append(concurrent.futures.ThreadPoolExecutor(1))
        loop.run_until_complete(loop.run_in_executor(kept[-1], int))  # leak
        loop.close()
        """,
    "class_of_its_own": """
        Hostile(target=stop.wait).start()  # leak
        """,
    "thread_of_a_thread": """
        def outer():
            threading.Thread(target=stop.wait).start()  # leak

        thread = threading.Thread(target=outer)
        thread.start()
        thread.join()
        """,
}

ENDS = """
def pytest_unconfigure():
    import test_suite

    test_suite.stop.set()
    for each in test_suite.kept:
        each.cancel() if hasattr(each, "cancel") else each.shutdown()
"""


@pytest.fixture
def left_one_each(run_suite):
    """One test for each; and the line where it left its thread."""

    def run(*args: str) -> tuple[pytest.RunResult, dict[str, int]]:
        text = IMPORTS + HOSTILE + "kept = []\n"
        for name, body in LEFT.items():
            body = dedent(body).strip().replace("# leak", f"# leak {name}").replace("\n", "\n    ")
            text += f"\ndef test_{name}():\n    {body}\n"
        rows = text.splitlines()
        lines = {
            name: next(n for n, row in enumerate(rows, 1) if row.endswith(f"# leak {name}")) for name in LEFT
        }
        return run_suite(text, *args, files={"conftest.py": ENDS}), lines

    return run


def test_a_thread_left_running_is_listed_by_default(left_one_each):
    result, lines = left_one_each("-v")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["hygiene: no leaks"])
    rows = re.findall(r"^ +1 x thread +test_suite\.py:(\d+)", result.stdout.str(), re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(lines.values())


def test_a_thread_left_running_fails_its_tests_teardown_in_strict_mode(left_one_each):
    result, lines = left_one_each("--hygiene-strict")
    assert charged(result) == [(f"test_{name}", "teardown") for name in lines]
    text = result.stdout.str()
    for name, line in lines.items():
        assert re.search(
            rf"^hygiene: test_{name} left 1 resource open\n\nthread  .*\n.*\n.*:{line} ", text, re.M
        )


def test_it_is_named_by_the_threads_own_name(strict):
    result = strict("def test_it():\n    threading.Thread(target=stop.wait, name='courier').start()\n")
    result.stdout.fnmatch_lines(["thread  started here and still running", "    thread 'courier'"])


@pytest.mark.parametrize("scope", ["class", "module", "session"])
def test_a_fixture_that_does_not_stop_its_thread_is_named(strict, scope):
    source = f"""
        @pytest.fixture(scope="{scope}")
        def server():
            threading.Thread(target=stop.wait, daemon=True).start()  # leak
            yield

        class TestUses:
            def test_first(self, server):
                pass

            def test_last(self, server):
                pass
        """
    result = strict(source)
    assert charged(result) == [("test_last", "teardown")]
    result.stdout.fnmatch_lines(
        [f"*by {scope} fixture 'server', *", f"*:{marked(suite(source))} *in server *"]
    )


def test_a_thread_that_outlives_its_test_but_not_the_run_is_reported_once(run):
    result = run(
        """
        def test_starts():
            threading.Thread(target=stop.wait).start()

        @pytest.mark.parametrize("number", range(5))
        def test_takes_time(number):
            time.sleep(0.05)

        def test_ends():
            stop.set()
        """
    )
    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 (*"])


def test_a_mark_allows_a_thread(strict):
    result = strict(
        """
        @pytest.mark.allow_leak("thread", match="courier", reason="known")
        def test_it():
            threading.Thread(target=stop.wait, name="courier").start()
        """
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks", "allowed: 1 leak"])


def test_a_thread_started_by_an_import_is_no_leak(strict):
    result = strict("threading.Thread(target=stop.wait, daemon=True).start()\n\ndef test_it():\n    pass\n")
    assert_silent(result, 1)


# -- waiting


COUNTS = """
import time

waits = []
original = time.sleep

def pytest_configure():
    time.sleep = lambda seconds: (waits.append(seconds), original(seconds))

def pytest_unconfigure():
    time.sleep = original
    import test_suite

    test_suite.stop.set()
    print(f"waited {len(waits)} times, threads left: {test_suite.count}")
"""


def test_by_default_nothing_waits_for_threads_between_tests(run):
    result = run(
        """
        import time as clock

        count = 0
        before = None

        @pytest.mark.parametrize("number", range(10))
        def test_leaves(number):
            global count
            for _ in range(5):
                threading.Thread(target=stop.wait, daemon=True).start()
                count += 1

        def test_nobody_has_waited():
            import conftest

            assert count == 50
            assert conftest.waits == []
        """,
        files={"conftest.py": COUNTS},
    )
    result.assert_outcomes(passed=11)


def test_in_strict_mode_one_grace_period_is_for_all_threads_of_a_test(strict):
    result = strict(
        """
        count = 0

        def test_leaves():
            global count
            for _ in range(50):
                threading.Thread(target=stop.wait, daemon=True).start()
                count += 1

        def test_waited_briefly():
            import conftest

            assert sum(conftest.waits) < 2
        """,
        files={"conftest.py": COUNTS},
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["hygiene: test_leaves left 50 resources open"])
