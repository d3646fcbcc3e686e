"""Objects that break whoever touches them: the plugin touches none of them.

Each stands in locals, in a cycle, beside an exception, in globals, as an attribute and in a fixture's value.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

SUITE = """
    import sys

    import pytest

    from hostile import make, Hostile

    kept = make()

    @pytest.fixture
    def value():
        return make()

    @pytest.fixture(scope="module")
    def wide():
        yield make()

    def test_in_locals():
        local = make()
        another = [make(), {"key": make()}]

    def test_in_a_cycle():
        cycle = [make()]
        cycle.append(cycle)

    def test_in_the_frame_of_an_exception():
        def fails():
            local = make()
            raise ValueError("no")

        with pytest.raises(ValueError) as caught:
            fails()
        error = caught.value

    def test_in_a_fixture(value, wide):
        pass

    def test_as_an_attribute(value):
        class Holder:
            pass

        holder = Holder()
        holder.attribute = value
        holder.itself = holder

    def test_in_globals():
        global kept
        kept = make()

    def test_in_a_response():
        import flask

        app = flask.Flask("shop")

        @app.get("/")
        def index():
            flask.g.hostile = make()
            local = make()
            return "ok"

        with app.test_client() as client:
            assert client.get("/").text == "ok"
            assert client.get("/none").status_code == 404

    def test_leaks(value):
        local = make()
        open("left.txt", "w")  # leak

    def test_leaks_in_a_cycle():
        cycle = [make(), open("left too.txt", "w")]  # leak
        cycle.append(cycle)
    """
CLEAN = 7
#: Inside this process our own pytest's filters would make errors of warnings.
FILTERS = ("-W", "default")
RAISES = 'raise RuntimeError("hostile")'
REPLACED = (
    "__repr__ __str__ __eq__ __hash__ __bool__ __len__ __iter__ __getattr__ __call__ __format__".split()
)

HOSTILE = {
    **{
        f"{name} raises": f"""
        class Hostile:
            def {name}(self, *args):
                {RAISES}

        make = Hostile
        """
        for name in REPLACED
    },
    "__getattribute__ raises": f"""
        class Hostile:
            def __getattribute__(self, name):
                {RAISES}

        make = Hostile
        """,
    "__class__ raises": f"""
        class Hostile:
            @property
            def __class__(self):
                {RAISES}

        make = Hostile
        """,
    "__class__ lies": """
        import sqlite3

        class Hostile:
            __class__ = property(lambda self: sqlite3.Connection)

        make = Hostile
        """,
    "__dict__ raises": f"""
        class Hostile:
            @property
            def __dict__(self):
                {RAISES}

        make = Hostile
        """,
    "__eq__ is ambiguous": """
        class Hostile:
            def __eq__(self, other):
                return Hostile()
            __hash__ = None
            def __bool__(self):
                raise ValueError("The truth value of an array is ambiguous")

        make = Hostile
        """,
    "metaclass": f"""
        class Meta(type):
            def __instancecheck__(cls, instance):
                {RAISES}
            def __subclasscheck__(cls, subclass):
                {RAISES}
            def __repr__(cls):
                {RAISES}
            def __eq__(cls, other):
                {RAISES}
            __hash__ = type.__hash__

        class Hostile(metaclass=Meta):
            pass

        make = Hostile
        """,
    "metaclass without hash": """
        class Meta(type):
            __hash__ = None

        class Hostile(metaclass=Meta):
            pass

        make = Hostile
        """,
    "exception whose metaclass has no hash": """
        class Meta(type):
            __hash__ = None

        class Hostile(Exception, metaclass=Meta):
            pass

        def make():
            try:
                raise Hostile
            except Hostile as error:
                error.itself = error
                return error
        """,
    "dead weak proxy": """
        import weakref

        class Hostile:
            pass

        def make():
            return weakref.proxy(Hostile())
        """,
    "mock with spec": """
        import io
        import sqlite3
        from unittest import mock

        class Hostile:
            pass

        def make():
            return [
                mock.MagicMock(spec=io.FileIO), mock.create_autospec(sqlite3.Connection),
                mock.Mock(spec=ValueError), mock.Mock(side_effect=ValueError),
            ]
        """,
    "unbound local proxy": """
        from contextvars import ContextVar

        from werkzeug.local import LocalProxy

        Hostile = LocalProxy

        def make():
            return LocalProxy(ContextVar("nothing"))
        """,
    "flask's proxies": """
        import flask

        Hostile = object

        def make():
            return [flask.current_app, flask.g, flask.request, flask.session]
        """,
    "no weak references": """
        class Hostile:
            __slots__ = ()

        make = Hostile
        """,
    "exception that can't be shown": f"""
        class Hostile(Exception):
            def __str__(self):
                {RAISES}
            __repr__ = __str__

        def make():
            try:
                raise Hostile("text")
            except Hostile as error:
                return error
        """,
    "exception without a traceback attribute": f"""
        class Hostile(Exception):
            @property
            def __traceback__(self):
                {RAISES}
            @property
            def args(self):
                {RAISES}

        def make():
            try:
                raise Hostile("text")
            except Hostile as error:
                return error
        """,
    "file whose close raises": """
        import io

        class Hostile(io.RawIOBase):
            closes = 0

            def close(self):
                self.closes += 1
                if self.closes == 1:
                    raise OSError("close")
                super().close()

        class Holder:
            def __init__(self):
                self.raw = Hostile()

            def __del__(self):
                try:
                    self.raw.close()
                except OSError:
                    pass

        make = Holder
        """,
    "file whose attributes raise": f"""
        import io

        class Hostile(io.RawIOBase):
            closed_by_test = False
            name = property(lambda self: 1 / 0)
            mode = property(lambda self: 1 / 0)
            def fileno(self):
                {RAISES}
            def readable(self):
                {RAISES}

        make = Hostile
        """,
    "closed file subclass whose attributes raise": f"""
        import io

        class Hostile(io.FileIO):
            name = property(lambda self: 1 / 0, lambda self, name: None)
            @property
            def closed(self):
                {RAISES}
            def fileno(self):
                {RAISES}

        def make():
            file = Hostile(__file__)
            io.FileIO.close(file)
            return file
        """,
    "text wrapper that was detached": """
        import io

        Hostile = io.TextIOWrapper

        def make():
            wrapper = io.TextIOWrapper(io.BytesIO())
            wrapper.detach()
            return wrapper
        """,
    "text wrapper never initialized": """
        import io

        Hostile = io.TextIOWrapper

        def make():
            return [
                io.TextIOWrapper.__new__(io.TextIOWrapper), io.BufferedReader.__new__(io.BufferedReader),
                io.FileIO.__new__(io.FileIO),
            ]
        """,
    "sqlite connection never initialized": """
        import sqlite3

        class Hostile(sqlite3.Connection):
            def __init__(self, *args, **keywords):
                pass

        def make():
            return [Hostile(":memory:"), sqlite3.Connection.__new__(sqlite3.Connection)]
        """,
    "sqlite connection whose __init__ raises": """
        import sqlite3

        class Hostile(sqlite3.Connection):
            def __init__(self, *args, **keywords):
                super().__init__(*args)
                self.close()
                raise RuntimeError("hostile")

        def make():
            try:
                return sqlite3.connect(":memory:", factory=Hostile)
            except RuntimeError as error:
                return error
        """,
    "sqlite connection whose attributes raise": f"""
        import sqlite3

        class Hostile(sqlite3.Connection):
            @property
            def total_changes(self):
                {RAISES}
            def close(self):
                {RAISES}

        def make():
            connection = sqlite3.connect(":memory:", factory=Hostile)
            sqlite3.Connection.close(connection)
            return connection
        """,
    "socket never initialized": """
        import socket

        class Hostile(socket.socket):
            def __init__(self):
                pass
            def __repr__(self):
                raise RuntimeError("hostile")

        make = Hostile
        """,
    "subprocess never initialized": """
        import subprocess

        class Hostile(subprocess.Popen):
            def __init__(self):
                pass

        make = Hostile
        """,
    "event loop never initialized": """
        import asyncio

        class Hostile(asyncio.BaseEventLoop):
            def __init__(self):
                self._closed = True

        make = Hostile
        """,
    "thread never initialized": """
        import threading

        class Hostile(threading.Thread):
            def __init__(self):
                pass
            def __repr__(self):
                raise RuntimeError("hostile")

        make = Hostile
        """,
    "thread whose close blocks": """
        import threading

        class Hostile:
            def __init__(self):
                self.ended = threading.Event()
                self.thread = threading.Thread(target=self.ended.wait, daemon=True)
                self.thread.start()
            def close(self):
                self.thread.join()
            def __del__(self):
                self.ended.set()
                self.thread.join(1)

        make = Hostile
        """,
    "generator that will not end": """
        def generate():
            while True:
                try:
                    yield
                except ValueError:
                    pass

        Hostile = generate

        def make():
            generator = generate()
            next(generator)
            return generator
        """,
    "descriptor by hand": """
        class Descriptor:
            def __get__(self, instance, owner):
                raise RuntimeError("hostile")

        class Hostile:
            close = closed = response = _callbacks = name = fileno = Descriptor()

        make = Hostile
        """,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_the_same_outcomes_beside(run_suite, what):
    hostile = {"hostile.py": dedent(HOSTILE[what])}
    without = run_suite(SUITE, *FILTERS, "--hygiene=off", "-k", "not leaks", files=hostile)
    without.assert_outcomes(passed=CLEAN, deselected=2)
    result = run_suite(SUITE, *FILTERS, files=hostile)
    outcomes = result.parseoutcomes()
    outcomes.pop("warnings", None)
    assert outcomes == {"failed": 2, "passed": CLEAN}
    failures = [line for line in result.outlines if line.startswith(("FAILED ", "ERROR "))]
    assert [line.split(" - ")[0] for line in failures] == [
        "FAILED test_suite.py::test_leaks",
        "FAILED test_suite.py::test_leaks_in_a_cycle",
    ]
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")


#: What a view returns or a client is given.
BODIES = {
    "close raises": "def close(self): raise RuntimeError('hostile')",
    "every attribute raises": "def __getattr__(self, name): raise RuntimeError('hostile')",
    "hash raises": "__hash__ = None",
    "eq raises": "def __eq__(self, other): raise RuntimeError('hostile')",
    "bool raises": "def __bool__(self): raise RuntimeError('hostile')",
    "close is no function": "close = None",
}


@pytest.mark.parametrize("body", BODIES)
def test_a_wsgi_body_whose(run_suite, body):
    suite = f"""
        import pytest
        from werkzeug.test import Client

        class Body:
            def __iter__(self):
                return iter([b"one", b"two"])
            {BODIES[body]}

        def app(environ, start_response):
            start_response("200 OK", [])
            return Body()

        def test_read():
            try:
                assert Client(app).get("/").data == b"onetwo"
            except RuntimeError as error:
                pytest.skip("hostile without us, too")

        def test_dropped():
            try:
                Client(app).get("/")
            except RuntimeError as error:
                pytest.skip("hostile without us, too")

        def test_leaks():
            open("left.txt", "w")
        """
    without = run_suite(suite, *FILTERS, "--hygiene=off").parseoutcomes()
    result = run_suite(suite, *FILTERS)
    outcomes = result.parseoutcomes()
    assert outcomes.pop("failed") == 1
    assert outcomes.get("passed", 0) == without.get("passed", 0) - 1
    assert outcomes.get("skipped") == without.get("skipped")
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")


def test_a_finalizer_that_raises_warns_as_without_us(run_suite):
    suite = """
        class Hostile:
            def __init__(self):
                self.itself = self

            def __del__(self):
                raise RuntimeError("hostile")

        def test_left():
            Hostile()

        def test_leaks():
            Hostile()
            open("left.txt", "w")
        """
    result = run_suite(suite, subprocess=True)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*PytestUnraisableExceptionWarning*Hostile.__del__*"])
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")


#: Who holds the exception in the application's own cycle, as ``holder.error``.
HOLDERS = {
    "__class__ raises": "__class__ = property(lambda self: 1 / 0)",
    "__dict__ raises": "__dict__ = property(lambda self: 1 / 0)",
    "__eq__ raises": "__eq__ = lambda self, other: 1 / 0",
    "__getattribute__ raises": "__getattribute__ = lambda self, name: 1 / 0",
    "__repr__ raises": "__repr__ = lambda self: 1 / 0",
}
EXCEPTIONS = {
    "__cause__ raises": "__cause__ = property(lambda self: 1 / 0)",
    "__str__ raises": "__str__ = __repr__ = lambda self: 1 / 0",
    "__traceback__ raises": "__traceback__ = property(lambda self: 1 / 0, lambda self, value: None)",
}


@pytest.mark.parametrize(
    ("holder", "exception"),
    [
        *(pytest.param(body, "pass", id=f"holder, {name}") for name, body in HOLDERS.items()),
        *(pytest.param("pass", body, id=f"exception, {name}") for name, body in EXCEPTIONS.items()),
    ],
)
def test_the_applications_cycle_is_found_through_a(run_suite, holder, exception):
    shop = f"""
        class Holder:
            {holder}

        class Bad(Exception):
            {exception}

        def work():
            holder = Holder()
            try:
                raise Bad("no stock")
            except Bad as e:
                object.__setattr__(holder, "error", e)
        """
    result = run_suite(
        "import shop\n\ndef test_works():\n    shop.work()\n", *FILTERS, files={"shop.py": shop}
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAILED test_suite.py::test_works - hygiene: cycle shop.py:*"])
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")


@pytest.mark.parametrize("hostile", ["__hash__ = None", "__eq__ = lambda self, other: 1 / 0"])
def test_a_client_and_a_context_that_can_be_no_key(run_suite, hostile):
    suite = f"""
        import flask
        import flask.ctx
        import flask.testing

        class Client(flask.testing.FlaskClient):
            {hostile}

        class Flask(flask.Flask):
            test_client_class = Client

        def test_client():
            app = Flask("shop")
            with app.test_client() as client, app.test_client() as another:
                assert client.get("/none").status_code == 404
                another.get("/none")

        def test_leaks():
            open("left.txt", "w")
        """
    result = run_suite(suite, *FILTERS)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")


def test_check_beside_a_class_that_gives_no_name(run_suite):
    suite = """
        class Meta(type):
            def __getattribute__(cls, name):
                raise RuntimeError(name)

        class Hostile(metaclass=Meta):
            pass

        in_globals = Hostile()

        def test_it(hygiene):
            in_locals = Hostile()
            open("left.txt", "w")
            hygiene.check()
        """
    result = run_suite(suite, "--hygiene-strict")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")
