"""What holds a resource that is left open is named; what outlives its first user is not that user's."""

from __future__ import annotations

import functools
from textwrap import dedent

import pytest
from kept_open import CONFTEST, run_and_close
from reading_runs import marked

IMPORTS = """\
import functools, logging, socket, sqlite3, threading
import pytest

"""

#: An application that keeps what its first request opens.
SHOP = {
    "global": """
        import socket

        connection = None

        def connect():
            global connection
            if connection is None:
                connection = socket.socket()  # leak
            return connection

        def close_all():
            global connection
            if connection is not None:
                connection.close()
            connection = None
        """,
    "global dict": """
        import socket

        connections = {}

        def connect():
            if "one" not in connections:
                connections["one"] = socket.socket()  # leak
            return connections["one"]

        def close_all():
            while connections:
                connections.popitem()[1].close()
        """,
    "class attribute": """
        import socket

        class Shop:
            connection = None

        def connect():
            if Shop.connection is None:
                Shop.connection = socket.socket()  # leak
            return Shop.connection

        def close_all():
            if Shop.connection is not None:
                Shop.connection.close()
        """,
    "object in a global": """
        import socket

        class Shop:
            def __init__(self):
                self.connection = None

            def connect(self):
                if self.connection is None:
                    self.connection = socket.socket()  # leak
                return self.connection

        shop = Shop()
        connect = shop.connect

        def close_all():
            if shop.connection is not None:
                shop.connection.close()
        """,
    "cache": """
        import functools, socket

        @functools.cache
        def connect():
            return socket.socket()  # leak

        def close_all():
            if connect.cache_info().currsize:
                connect().close()
            connect.cache_clear()
        """,
    "lru_cache": """
        import functools, socket

        @functools.lru_cache(maxsize=8)
        def connect(name="one"):
            return socket.socket()  # leak

        def close_all():
            if connect.cache_info().currsize:
                connect().close()
            connect.cache_clear()
        """,
    "cache of a helper": """
        import functools, socket

        @functools.cache
        def pool():
            return {"one": open_one()}

        def open_one():
            return socket.socket()  # leak

        def connect():
            return pool()["one"]

        def close_all():
            if pool.cache_info().currsize:
                connect().close()
            pool.cache_clear()
        """,
    "decorated cache": """
        import functools, socket

        def logged(function):
            @functools.wraps(function)
            def wrapper():
                return function()
            return wrapper

        @functools.cache
        @logged
        def connect():
            return socket.socket()  # leak

        def close_all():
            if connect.cache_info().currsize:
                connect().close()
            connect.cache_clear()
        """,
}

HOLDERS = {
    "global": "shop.connection",
    "global dict": "shop.connections",
    "class attribute": "shop.Shop.connection",
    "object in a global": "shop.shop",
    "cache": "the cache of shop.connect()",
    "lru_cache": "the cache of shop.connect()",
    "cache of a helper": "the cache of shop.pool()",
    "decorated cache": "the cache of shop.connect()",
}

USERS = {
    "test_one.py": "import shop\n\ndef test_a():\n    shop.connect()\n\ndef test_b():\n    shop.connect()\n",
    "test_two.py": "import shop\n\ndef test_c():\n    shop.connect()\n",
}


@pytest.fixture
def run(run_suite):
    return functools.partial(run_and_close, run_suite)


def run_shop(run, where, *args):
    return run(*args, files={"shop.py": SHOP[where], **USERS})


# -- what the application keeps


@pytest.mark.parametrize("where", SHOP)
def test_what_the_application_keeps_is_a_session_finding_in_strict_mode(run, where):
    result = run_shop(run, where, "--hygiene-strict")
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        [
            "hygiene: 1 leak outside tests",
            "outside tests:",
            "  socket  opened here and still open",
            f"      shop.py:{marked(SHOP[where])} *",
            f"      held by {HOLDERS[where]}",
            "      first used by test_one.py::test_a",
        ]
    )
    # The tests are not to blame, and none of their lines is shown.
    result.stdout.no_fnmatch_line("*test_one.py:* in test_a *")


@pytest.mark.parametrize("where", SHOP)
def test_what_the_application_keeps_is_listed_by_default(run, where):
    result = run_shop(run, where)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "hygiene: no leaks",
            "still open after their owners ended: 1 (*",
            f"*1 x socket *shop.py:{marked(SHOP[where])} *",
            f"*held by {HOLDERS[where]}; first used by test_one.py::test_a",
        ]
    )


@pytest.mark.parametrize("where", ["global", "cache"])
def test_the_order_of_tests_changes_the_first_user_alone(run, where):
    files = {"shop.py": SHOP[where], **USERS}
    texts = []
    for order in (["test_one.py", "test_two.py"], ["test_two.py", "test_one.py"]):
        _, _, rest = run("--hygiene-strict", *order, files=files).stdout.str().partition("\noutside tests:\n")
        texts.append(rest.partition("\nchecks: ")[0])
    one, two = texts
    assert one.replace("test_one.py::test_a", "test_two.py::test_c") == two


@pytest.mark.parametrize("where", ["global", "cache"])
def test_a_fixture_as_first_user_is_named(run, where):
    files = {
        "shop.py": SHOP[where],
        "test_suite.py": """
            import pytest, shop

            @pytest.fixture(scope="module")
            def connection():
                return shop.connect()

            def test_it(connection):
                pass
            """,
    }
    result = run("--hygiene-strict", files=files)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*held by {HOLDERS[where]}", "*first used by module fixture 'connection'"])


@pytest.mark.parametrize("where", SHOP)
def test_what_is_closed_in_a_session_fixture_is_no_finding_if_the_fixture_opened_it(run, where):
    files = {
        "shop.py": SHOP[where],
        **USERS,
        "conftest.py": CONFTEST
        + dedent(
            """
            import pytest

            @pytest.fixture(scope="session", autouse=True)
            def connection():
                import shop

                shop.connect()
                yield
                shop.close_all()
            """
        ),
    }
    result = run("--hygiene-strict", files=files)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


# -- what tests and fixtures keep is theirs


OF_TESTS = {
    "global of the test module": (
        (
            "kept = []\ndef test_it():\n    kept.append(socket.socket())  # leak\n"
            "def close_all():\n    kept.pop().close()\n"
        ),
        "held by test_suite.kept",
    ),
    "class of the test module": (
        (
            "class TestIt:\n    kept = []\n"
            "    def test_it(self):\n        self.kept.append(socket.socket())  # leak\n"
            "def close_all():\n    TestIt.kept.pop().close()\n"
        ),
        "held by test_suite.TestIt.kept",
    ),
    "test's own object on the application": (
        (
            "import shop\n\ndef test_it():\n    shop.kept.append(socket.socket())  # leak\n"
            "def close_all():\n    shop.kept.pop().close()\n"
        ),
        "held by shop.kept",
    ),
    "logger": (
        (
            "def test_it():\n    handler = logging.FileHandler('log.txt')  # leak\n"
            "    logging.getLogger('held.by.tests').addHandler(handler)\n"
            "def close_all():\n    log = logging.getLogger('held.by.tests')\n    handler = log.handlers[0]\n"
            "    log.removeHandler(handler)\n    handler.close()\n"
        ),
        "held by the logger 'held.by.tests'",
    ),
    "running thread": (
        (
            "stop = threading.Event()\nstarted = threading.Event()\n"
            "def work(sock):\n    started.set()\n    stop.wait()\n    sock.close()\n\n"
            "@pytest.mark.allow_leak('thread', reason='known')\n"
            "def test_it():\n    sock = socket.socket()  # leak\n"
            "    threading.Thread(target=work, args=(sock,), name='courier').start()\n    started.wait()\n"
            "def close_all():\n    stop.set()\n"
        ),
        "held by the running thread 'courier'",
    ),
}


@pytest.mark.parametrize("where", OF_TESTS)
def test_what_a_test_has_put_somewhere_is_the_tests(run, where):
    source, holder = OF_TESTS[where]
    source = IMPORTS + source
    result = run("--hygiene-strict", files={"shop.py": "kept = []\n", "test_suite.py": source})
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of *test_it*",
            "hygiene: test_it left 1 resource open",
            f"    test_suite.py:{marked(source)} *",
            f"    {holder}",
        ]
    )


def test_a_cached_helper_of_a_test_module_is_not_its_first_users(run):
    source = """
        import functools, socket

        @functools.cache
        def connect():
            return socket.socket()  # leak

        def test_first():
            connect()

        def test_second():
            connect()

        def close_all():
            connect().close()
            connect.cache_clear()
        """
    result = run("--hygiene-strict", files={"test_suite.py": source})
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["outside tests:", f"*test_suite.py:{marked(source)} *", "*held by the cache of test_suite.connect()"]
    )


LIBRARY = {
    "site-packages/somelib.py": """
        import socket

        pool = []

        def connect():
            if not pool:
                pool.append(socket.socket())
            return pool[0]

        def close_all():
            while pool:
                pool.pop().close()
        """,
    "pytest.ini": "[pytest]\npythonpath = site-packages\n",
}


def test_what_a_librarys_pool_keeps_is_the_applications_line(run):
    shop = "import somelib\n\ndef connect():\n    return somelib.connect()  # leak\n"
    result = run("--hygiene-strict", files={**LIBRARY, "shop.py": shop, **USERS})
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        [
            "outside tests:",
            f"      shop.py:{marked(shop)} *",
            "      held by somelib.pool",
            "      first used by test_one.py::test_a",
        ]
    )


def test_what_a_test_opens_in_a_librarys_pool_is_the_tests(run):
    source = "import somelib\n\ndef test_it():\n    somelib.connect()  # leak\n"
    result = run("--hygiene-strict", files={**LIBRARY, "test_suite.py": source})
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["hygiene: test_it left 1 resource open", "*held by somelib.pool"])


# -- hostile surroundings


def test_hostile_objects_around_change_nothing(run):
    source = """
        import socket

        class Hostile:
            def __getattribute__(self, name):
                raise RuntimeError("hostile")

            def __eq__(self, other):
                raise RuntimeError("hostile")

            __hash__ = object.__hash__

            def __bool__(self):
                raise RuntimeError("hostile")

            def __repr__(self):
                raise RuntimeError("hostile")

            def __len__(self):
                raise RuntimeError("hostile")

        class Meta(type):
            def __getattribute__(cls, name):
                raise RuntimeError("hostile")

            def __eq__(cls, other):
                raise RuntimeError("hostile")

            __hash__ = type.__hash__

        class Odd(metaclass=Meta):
            pass

        kept = []

        def test_it():
            hostile = Hostile()
            sock = socket.socket()  # leak
            object.__setattr__(hostile, "sock", sock)
            odd = Odd()
            object.__setattr__(odd, "sock", sock)
            kept.extend([hostile, odd, {"sock": sock}, {Hostile(): sock}])

        def close_all():
            kept[2]["sock"].close()
        """
    result = run("--hygiene-strict", files={"test_suite.py": source})
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["hygiene: test_it left 1 resource open", f"*test_suite.py:{marked(source)} *"]
    )
    result.stdout.no_fnmatch_line("a fault of *")


def test_a_module_that_answers_everything_changes_nothing(run):
    source = """
        import socket, sys, types

        class Lazy(types.ModuleType):
            def __getattr__(self, name):
                raise RuntimeError("hostile")

            def __eq__(self, other):
                raise RuntimeError("hostile")

            __hash__ = object.__hash__

        lazy = sys.modules["lazy"] = Lazy("lazy")

        def test_it():
            lazy.kept = socket.socket()  # leak

        def close_all():
            vars(lazy)["kept"].close()
            del sys.modules["lazy"]
        """
    result = run("--hygiene-strict", files={"test_suite.py": source})
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["hygiene: test_it left 1 resource open", f"*test_suite.py:{marked(source)} *"]
    )
    result.stdout.no_fnmatch_line("a fault of *")


def test_a_deep_chain_of_holders_costs_little_and_may_stay_unnamed(run):
    source = """
        import socket

        kept = []

        def test_it():
            thing = socket.socket()  # leak
            for _ in range(1000):
                thing = [thing]
            kept.append(thing)

        def close_all():
            thing = kept.pop()
            while isinstance(thing, list):
                thing = thing[0]
            thing.close()
        """
    result = run("--hygiene-strict", files={"test_suite.py": source})
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*test_suite.py:{marked(source)} *"])
    result.stdout.no_fnmatch_line("a fault of *")
