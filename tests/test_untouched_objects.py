"""The plugin asks nothing of the user's objects: nothing lazy is loaded by it, and nothing hostile runs."""

from __future__ import annotations

import pytest

NO_FAULT = "*a fault of pytest-flask-hygiene*"
#: Stands in ``sys.modules`` for a module that is loaded when it is first asked for something.
LAZY = """
    import sys
    import types

    asked = []

    class Lazy(types.ModuleType):
        {hook}

    class Heavy:
        __module__ = "heavy"

    sys.modules["heavy"] = Lazy("heavy")
    """
HOOKS = {
    "__getattr__": """
        def __getattr__(self, name):
            asked.append(name)
            raise AttributeError(name)""",
    "__getattribute__": """
        def __getattribute__(self, name):
            asked.append(name)
            return super().__getattribute__(name)""",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_cycle_through_a_class_of_a_lazy_module_does_not_load_it(run_suite, hook):
    shop = """
        from lazy import Heavy

        def work():
            holder = Heavy()
            try:
                raise ValueError("no stock")
            except ValueError as e:
                holder.error = e
        """
    suite = """
        import lazy
        import shop

        def test_work():
            lazy.asked.clear()
            shop.work()

        def test_nobody_asked():
            assert not lazy.asked
        """
    result = run_suite(
        suite, subprocess=True, files={"shop.py": shop, "lazy.py": LAZY.format(hook=HOOKS[hook])}
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_work - hygiene: cycle shop.py:*"])


@pytest.mark.parametrize("hook", HOOKS)
def test_a_class_of_a_lazy_module_that_holds_a_file_does_not_load_it(run_suite, hook):
    suite = """
        import lazy

        def test_keeps_a_file():
            lazy.Heavy.kept = open(__file__)
            lazy.asked.clear()

        def test_nobody_asked():
            assert not lazy.asked
        """
    result = run_suite(suite, files={"lazy.py": LAZY.format(hook=HOOKS[hook])})
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 *", "*Heavy.kept*"])
    result.stdout.no_fnmatch_line(NO_FAULT)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_lazy_module_that_holds_a_file_is_not_loaded(run_suite, hook):
    suite = """
        import sys
        import lazy

        def test_keeps_a_file():
            sys.modules["heavy"].kept = open(__file__)
            lazy.asked.clear()

        def test_nobody_asked():
            assert not lazy.asked
        """
    result = run_suite(suite, files={"lazy.py": LAZY.format(hook=HOOKS[hook])})
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 *", "*heavy.kept*"])
    result.stdout.no_fnmatch_line(NO_FAULT)


def test_a_class_whose_module_is_no_text_is_not_asked_for_one(run_suite):
    shop = """
        class Name:
            def __str__(self, *args):
                raise RuntimeError("asked")
            __format__ = __repr__ = __eq__ = __str__

        class Shop:
            pass

        Shop.__module__ = Name()
        """
    suite = "import shop\n\ndef test_keeps_a_file():\n    shop.Shop.kept = open(__file__)\n"
    result = run_suite(suite, files={"shop.py": shop})
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 *"])
    result.stdout.no_fnmatch_line(NO_FAULT)


#: What a cached function wraps: not a function, or for ever itself.
WRAPPED = {
    "a partial": "functools.partial(open, __file__)",
    "a class": "Opener",
    "what raises when it is unwrapped": "Nameless()",
}


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_the_cache_of_a_function_that_wraps(run_suite, wrapped):
    shop = f"""
        import functools

        class Opener:
            pass

        class Nameless:
            __wrapped__ = property(lambda self: 1 / 0)

        @functools.cache
        @functools.wraps({WRAPPED[wrapped]}, assigned=(), updated=())
        def prices():
            return open(__file__)
        """
    result = run_suite("import shop\n\ndef test_it():\n    shop.prices()\n", files={"shop.py": shop})
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 *", "*the cache of shop.prices()*"])
    result.stdout.no_fnmatch_line(NO_FAULT)


def test_functions_without_line_numbers_are_named_by_their_first_lines(run_suite):
    shop = """
        def work():
            try:
                raise ValueError("no stock")
            except ValueError as e:
                error = e
                raise

        def calls_work():
            try:
                work()
            except ValueError:
                pass

        for function in (work, calls_work):
            function.__code__ = function.__code__.replace(co_linetable=b"")
        """
    result = run_suite("import shop\n\ndef test_it():\n    shop.calls_work()\n", files={"shop.py": shop})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "    shop.py:9 *in calls_work*",
            "    shop.py:2 *in work*",
            "*traceback in calls_work()*shop.py:9",
            "*traceback in work()*shop.py:2",
            "*frame of work()*shop.py:2",
        ]
    )
    result.stdout.no_fnmatch_line(NO_FAULT)


@pytest.mark.parametrize("where", ["io.FileIO", "os.open"])
def test_the_name_of_a_file_is_asked_for_once(run_suite, where):
    suite = f"""
        import io
        import os

        class Name:
            asked = 0

            def __fspath__(self):
                self.asked += 1
                if self.asked > 1:
                    raise Hostile
                return __file__

        class Hostile(Exception):
            def __str__(self):
                raise self

        def test_it():
            name = Name()
            opened = {where}(name{", os.O_RDONLY" if where == "os.open" else ""})
            {"os.close(opened)" if where == "os.open" else "opened.close()"}
            assert name.asked == 1
        """
    result = run_suite(suite)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line(NO_FAULT)


def test_a_thread_is_not_asked_for_its_name(run_suite):
    suite = """
        import threading

        class Hostile(Exception):
            def __str__(self):
                raise self

        class Nameless(threading.Thread):
            @property
            def name(self):
                raise Hostile

        def test_it():
            thread = Nameless(target=int)
            thread.start()
            thread.join()
        """
    result = run_suite(suite)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line(NO_FAULT)


def test_the_source_of_a_warning_may_have_a_class_without_hash(run_suite):
    suite = """
        import warnings

        class Meta(type):
            __hash__ = None

        class Connection(metaclass=Meta):
            def __del__(self):
                warnings.warn("unclosed connection", ResourceWarning, source=self)

        def test_it():
            Connection()
        """
    result = run_suite(suite)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_it - hygiene: other *"])
    result.stdout.no_fnmatch_line(NO_FAULT)


def test_a_plugins_is_open_may_raise_what_cannot_be_shown(run_suite):
    conftest = """
        from pytest_flask_hygiene import ResourceType

        class Hostile(Exception):
            def __str__(self):
                raise self

        class Connection:
            pass

        def is_open(connection):
            raise Hostile

        def pytest_hygiene_resources():
            return [ResourceType("connection", Connection, is_open)]
        """
    suite = "from conftest import Connection\n\ndef test_it():\n    Connection()\n"
    result = run_suite(suite, files={"conftest.py": conftest}, subprocess=True)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*'connection': is_open raised Hostile*"])
    result.stdout.no_fnmatch_line(NO_FAULT)


FILES = {
    "name": "name = property(lambda self: 'prices', lambda self, name: None)",
    "fileno": "fileno = lambda self: 1 / 0",
    "__dict__": "__dict__ = property(lambda self: 1 / 0)",
}


@pytest.mark.parametrize("attribute", FILES)
def test_a_dropped_file_is_found_whose_class_replaces(run_suite, attribute):
    suite = f"""
        import io

        class File(io.FileIO):
            {FILES[attribute]}

        def test_it():
            File(__file__)
        """
    result = run_suite(suite, "-W", "default")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_it - hygiene: file test_suite.py:*"])
    result.stdout.no_fnmatch_line(NO_FAULT)


@pytest.mark.parametrize("base", ["io.TextIOWrapper", "io.BufferedReader"])
def test_a_dropped_wrapper_is_found_whose_class_replaces_what_it_wraps(run_suite, base):
    suite = f"""
        import io

        class File({base}):
            buffer = raw = property(lambda self: 1 / 0)

        def test_it():
            raw = io.FileIO(__file__)
            File(io.BufferedReader(raw) if {base} is io.TextIOWrapper else raw)
        """
    result = run_suite(suite, "-W", "default")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_it - hygiene: file test_suite.py:*"])
    result.stdout.no_fnmatch_line(NO_FAULT)


def test_a_thread_that_cannot_start_is_no_fault(run_suite):
    suite = """
        import threading

        import pytest

        class Thread(threading.Thread):
            def __init__(self):
                pass

        kept = Thread()

        def test_it():
            with pytest.raises(RuntimeError, match="not called"):
                kept.start()
        """
    result = run_suite(suite)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line(NO_FAULT)


def test_a_thread_that_is_started_again_stays_its_starters(run_suite):
    suite = """
        import threading

        import pytest

        @pytest.fixture(scope="module")
        def worker():
            ended = threading.Event()
            thread = threading.Thread(target=ended.wait, name="worker")
            thread.start()
            yield
            ended.set()
            thread.join()

        def test_it(worker):
            thread = next(each for each in threading.enumerate() if each.name == "worker")
            with pytest.raises(RuntimeError):
                thread.start()

        def test_after(worker):
            pass
        """
    result = run_suite(suite, "--hygiene-strict")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_a_wsgi_application_may_return_an_iterator_with_nothing_to_close(run_suite):
    suite = """
        from werkzeug.test import Client
        from werkzeug.wsgi import ClosingIterator

        def app(environ, start_response):
            start_response("200 OK", [])
            return ClosingIterator([b"one"])

        def test_it():
            assert Client(app).get("/").data == b"one"
        """
    result = run_suite(suite)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])
    result.stdout.no_fnmatch_line(NO_FAULT)


def test_a_module_may_be_looked_for_before_it_is_imported(run_suite):
    suite = """
        import importlib.util
        import sys

        import flask
        import pytest

        assert importlib.util.find_spec("flask.testing") is not None
        assert "flask.testing" not in sys.modules

        @pytest.fixture(scope="module")
        def client():
            with flask.Flask("shop").test_client() as client:
                yield client

        def test_it(client):
            assert client.get("/").status_code == 404

        def test_after(client):
            pass
        """
    result = run_suite(suite, subprocess=True)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_a_framework_may_be_replaced_by_what_answers_everything(run_suite):
    suite = """
        import sys

        class Everything:
            def __getattr__(self, name):
                return self

        def test_it(monkeypatch):
            monkeypatch.setitem(sys.modules, "itsdangerous", Everything())
            open(__file__)
        """
    result = run_suite(suite, subprocess=True)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_it - hygiene: file test_suite.py:*"])
    result.stdout.no_fnmatch_line(NO_FAULT)


def test_an_engine_may_have_no_pool(run_suite):
    pytest.importorskip("sqlalchemy")
    suite = """
        import sqlalchemy

        def test_statements_are_printed():
            statements = []

            def executor(statement, *args, **keywords):
                statements.append(statement)

            engine = sqlalchemy.create_engine("sqlite://", strategy="mock", executor=executor)
            table = sqlalchemy.Table("parcels", sqlalchemy.MetaData(), sqlalchemy.Column("id"))
            table.create(engine, checkfirst=False)
            assert len(statements) == 1
        """
    without = run_suite(suite, "-W", "default", "--hygiene=off", subprocess=True)
    assert without.parseoutcomes()["passed"] == 1
    result = run_suite(suite, "-W", "default", subprocess=True)
    assert result.parseoutcomes()["passed"] == 1
    result.stdout.no_fnmatch_line(NO_FAULT)


def test_a_module_of_a_framework_may_be_a_stand_in_from_the_beginning(run_suite):
    plugin = """
        import sys
        import types

        sys.modules["sqlalchemy.engine.create"] = types.SimpleNamespace()
        """
    suite = "def test_it():\n    open(__file__)\n"
    result = run_suite(suite, "-p", "early", files={"early.py": plugin}, subprocess=True)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_it - hygiene: file test_suite.py:*"])
