"""What a wider fixture may close at its end is its own; what it merely leads to is its test's."""

from __future__ import annotations

from textwrap import dedent

import pytest
from left_open_suites import CONFTEST, suite
from reading_runs import assert_silent, failures, marked

#: Each has a session fixture ``wide``, through which Python leads to what the test opens.
MERELY_LEADS = {
    "context variable": """
        import contextvars, flask

        variable = contextvars.ContextVar("variable")

        @pytest.fixture(scope="session")
        def wide():
            app = flask.Flask(__name__)
            with app.app_context():
                yield app

        def test_it(wide):
            kept.append(open("left.txt", "w"))  # leak
            variable.set(kept[-1])
        """,
    "other logger": """
        import flask

        @pytest.fixture(scope="session")
        def wide():
            app = flask.Flask("inner")
            app.logger.warning("made")
            return app

        def test_it(wide):
            logging.getLogger("other").addHandler(logging.FileHandler("left.txt"))  # leak
        """,
    "call of a mock": """
        from unittest import mock

        @pytest.fixture(scope="session")
        def wide():
            with mock.patch("os.getlogin") as replaced:
                yield replaced

        def test_it(wide):
            kept.append(open("left.txt", "w"))  # leak
            os.getlogin(kept[-1])
        """,
    "event loop": """
        @pytest.fixture(scope="session")
        def wide():
            loop = asyncio.new_event_loop()
            yield loop
            loop.close()

        def test_it(wide):
            ours, theirs = socket.socketpair()  # leak
            kept.extend((ours, theirs))
            ours.setblocking(False)
            wide.add_reader(ours, lambda reading=ours: None)
            wide.call_later(1000, print, theirs)
        """,
    "policy of asyncio": """
        @pytest.fixture(scope="session")
        def wide():
            return asyncio.get_event_loop_policy()

        def test_it(wide):
            asyncio.set_event_loop(asyncio.new_event_loop())  # leak
        """,
    "item": """
        class Mine(pytest.Function):
            pass

        Mine.__module__ = "plugin_with_items"

        @pytest.fixture(scope="session")
        def wide(request):
            items = list(request.session.items)
            for item in items:
                item.__class__ = Mine
            yield 1
            del items

        def test_it(wide, request):
            kept.append(open("left.txt", "w"))  # leak
            request.node.mine = kept[-1]
        """,
}


@pytest.mark.parametrize("way", MERELY_LEADS)
def test_what_a_wider_fixture_merely_leads_to_is_the_tests(run_suite, way):
    source = suite(MERELY_LEADS[way]) + "\ndef test_after(wide):\n    pass\n"
    result = run_suite(source, "--hygiene-strict", files={"conftest.py": CONFTEST})
    ((name, _, text),) = failures(result)
    assert name == "test_it"
    assert f"test_suite.py:{marked(source)} " in text
    assert "fixture 'wide'" not in text


WITH_OLD_SETUP = """
    KEPT = []

    def setup_module():
        pass

    class TestIt:
        @classmethod
        def setup_class(cls):
            cls.kept = KEPT

        def test_it(self):
            KEPT.append(open("left.txt", "w"))  # leak

        def test_between(self):
            pass

    def test_after():
        while KEPT:
            KEPT.pop().close()
    """


def test_what_no_teardown_can_close_is_the_tests(run_suite):
    source = suite(WITH_OLD_SETUP)
    result = run_suite(source, "--hygiene-strict")
    ((name, _, text),) = failures(result)
    assert name == "test_it"
    assert f"test_suite.py:{marked(source)} " in text
    assert "setup_" not in text


@pytest.mark.parametrize(("teardown", "place"), [("teardown_module", "\n"), ("teardown_class", "\n    ")])
def test_what_an_old_style_teardown_may_close_is_no_finding(run_suite, teardown, place):
    body = f"def {teardown}(*_):{place}    while KEPT:{place}        KEPT.pop().close()\n"
    source = suite(WITH_OLD_SETUP).replace(
        "\ndef test_after():\n    while KEPT:\n        KEPT.pop().close()\n", ""
    )
    run_suite(source + f"{place}{body}", "--hygiene-strict").assert_outcomes(passed=2)


POOL = """
class Pool:
    def __init__(self):
        self.opened = []

    def weakly(self):
        pool = weakref.ref(self)
        return lambda each: pool().opened.append(each)

    def close(self):
        for each in self.opened:
            each.close()
"""

#: Each closes at its end what the test has made it open.
CLOSES = {
    "variable of an async generator": """
        async def open_later():
            pool = Pool()
            yield pool.weakly()
            pool.close()

        def run(awaitable):
            try:
                awaitable.send(None)
            except (StopIteration, StopAsyncIteration) as end:
                return end.value if isinstance(end, StopIteration) else None

        @pytest.fixture(scope="session")
        def add():
            pool = open_later()
            yield run(pool.__anext__())
            run(pool.__anext__())
        """,
    "variable of a coroutine": """
        import types

        @types.coroutine
        def wait(value):
            yield value

        async def open_later():
            pool = Pool()
            await wait(pool.weakly())
            pool.close()

        @pytest.fixture(scope="session")
        def add():
            pool = open_later()
            yield pool.send(None)
            with pytest.raises(StopIteration):
                pool.send(None)
        """,
    "logger's own handler": """
        class Handler(logging.Handler):
            pass

        @pytest.fixture(scope="session")
        def add():
            logger = logging.getLogger("shop")
            logger.addHandler(Handler())
            logger.handlers[0].pool = Pool()
            yield logger.handlers[0].pool.weakly()
            logger.handlers[0].pool.close()
        """,
    "finalizer, a method of a built-in class": """
        @pytest.fixture(scope="session")
        def add(request):
            return lambda each: request.addfinalizer(each.close)
        """,
    "exit stack, with a method of a built-in class": """
        @pytest.fixture(scope="session")
        def add():
            with contextlib.ExitStack() as stack:
                yield lambda each: each.close() or stack.callback(sqlite3.connect(":memory:").close)
        """,
    "loop's executor": """
        @pytest.fixture(scope="session")
        def add():
            loop = asyncio.new_event_loop()
            yield lambda each: (each.close(), loop.run_in_executor(None, int))
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
        """,
}


@pytest.mark.parametrize("way", CLOSES)
def test_what_a_wider_fixture_closes_is_no_finding(run_suite, way):
    tests = """
        def test_it(add):
            add(sqlite3.connect(":memory:"))

        def test_after(add):
            pass
        """
    source = suite("import contextlib, weakref\n" + POOL + dedent(CLOSES[way])) + dedent(tests)
    result = run_suite(source, "--hygiene-strict", files={"conftest.py": CONFTEST})
    assert_silent(result, 2)
