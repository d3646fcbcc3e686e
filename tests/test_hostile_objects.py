"""Objects that break whoever touches them: the plugin touches none of them.

Each stands in locals, in a cycle, beside an exception, in globals, as an attribute and in a fixture's value.
"""

from __future__ import annotations

import re
from textwrap import dedent

import pytest
from hostile_objects import HOSTILE

pytest_plugins = ["shared_runs"]

#: Each kind has a module of this text.
SUITE = """
    import sys

    import pytest

    from hostile_NUMBER import make, Hostile

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
        open("left NUMBER.txt", "w")  # leak

    def test_leaks_in_a_cycle():
        cycle = [make(), open("left too NUMBER.txt", "w")]  # leak
        cycle.append(cycle)
    """
CLEAN = 7
#: Inside this process our own pytest's filters would make errors of warnings.
FILTERS = ("-W", "default")


@pytest.fixture
def beside_all(run_once):
    """One run of all suites, in a Python of its own."""

    def run(*args: str) -> pytest.RunResult:
        files = {}
        for number, text in enumerate(HOSTILE.values()):
            files[f"hostile_{number}.py"] = dedent(text)
            files[f"test_{number}.py"] = SUITE.replace("NUMBER", str(number))
        return run_once("", *FILTERS, "-rA", *args, files=files, subprocess=True)

    return run


def outcomes_of(result: pytest.RunResult, number: int) -> list[tuple[str, str]]:
    """Word and name in the short summary, for each test of one suite."""
    pattern = re.compile(rf"(PASSED|FAILED|ERROR) test_{number}\.py::(\w+)")
    return sorted(found.groups() for line in result.outlines if (found := pattern.match(line)))


@pytest.mark.parametrize("what", HOSTILE)
def test_the_same_outcomes_beside(beside_all, what):
    number = list(HOSTILE).index(what)
    without = outcomes_of(beside_all("--hygiene=off", "-k", "not leaks"), number)
    assert [word for word, _ in without] == ["PASSED"] * CLEAN
    found = outcomes_of(beside_all(), number)
    assert found == [("FAILED", "test_leaks"), ("FAILED", "test_leaks_in_a_cycle"), *without]


def test_none_of_them_is_met_as_a_fault_of_ours(beside_all):
    beside_all().stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")


def test_none_of_them_is_found_a_leak(beside_all):
    beside_all().stdout.fnmatch_lines([f"hygiene: {2 * len(HOSTILE)} leaks in {2 * len(HOSTILE)} tests"])


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
