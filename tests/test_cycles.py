"""Exception cycles: whose are they, and which variable closes them?"""

from __future__ import annotations

import itertools
import random

import pytest

from pytest_flask_hygiene.checks.connected import strongly_connected

# -- cycles that frameworks close

FRAMEWORK_APP = """
    import click
    from flask import Flask, abort

    app = Flask("shop")
    app.config["TESTING"] = False
    broken = Flask("broken")

    @app.get("/")
    def index():
        return "ok"

    @app.get("/folder/")
    def folder():
        return "ok"

    @app.get("/abort")
    def aborts():
        abort(404)

    @app.get("/key")
    def key():
        from flask import request
        return request.form["missing"]

    @app.get("/error")
    def error():
        raise ValueError("broken view")

    @app.get("/none")
    def none():
        return None

    @broken.before_request
    def before():
        raise ValueError("broken hook")

    @app.cli.command("fail")
    def fail():
        raise ValueError("broken command")
    """

#: In a fresh Python where Flask logs the error: our own pytest's log handler would keep it alive.
LOGGED = ("500", "view returns None", "before_request")
FRAMEWORK_ROWS = {
    "404": ('app.test_client().get("/nowhere")', "flask/app.py"),
    "405": ('app.test_client().post("/")', "flask/app.py"),
    "308": ('app.test_client().get("/folder")', "flask/app.py"),
    "abort": ('app.test_client().get("/abort")', "flask/app.py full_dispatch_request.rv"),
    "400": ('app.test_client().get("/key")', "flask/app.py full_dispatch_request.rv"),
    "500": ('app.test_client().get("/error")', "flask/app.py wsgi_app.error"),
    "view returns None": ('app.test_client().get("/none")', "flask/app.py wsgi_app.error"),
    "before_request": ('broken.test_client().get("/")', "flask/app.py wsgi_app.error"),
    "click": ('app.test_cli_runner().invoke(args=["fail"])', "click/testing.py invoke."),
}


@pytest.mark.parametrize("row", FRAMEWORK_ROWS)
def test_a_frameworks_cycle_is_counted_by_its_closing_edge(run_suite, row):
    call, edge = FRAMEWORK_ROWS[row]
    suite = f"from shop import app, broken\n\ndef test_it():\n    {call}\n"
    fresh = row in LOGGED
    result = run_suite(suite, "-v", "-p", "no:logging", subprocess=fresh, files={"shop.py": FRAMEWORK_APP})
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"exception cycles of libraries: 1 through {edge}*"])


def test_a_propagated_error_is_the_frameworks_cycle(run_suite):
    suite = """
    import pytest
    from shop import app

    def test_it():
        app.testing = True
        with pytest.raises(ValueError):
            app.test_client().get("/error")
    """
    result = run_suite(suite, "-p", "no:logging", subprocess=True, files={"shop.py": FRAMEWORK_APP})
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["exception cycles of libraries: 1 through flask/app.py *"])


def test_an_error_in_whose_handling_the_frameworks_was_raised_is_the_frameworks_too(run_suite):
    app = """
    from flask import Flask

    class Shop(Flask):
        def raise_routing_exception(self, request):
            try:
                int("tea")
            except ValueError as error:
                reject(request, error)

    def reject(request, error):
        raise request.routing_exception

    app = Shop("shop")
    """
    suite = 'from shop import app\n\ndef test_it():\n    app.test_client().get("/nowhere")\n'
    result = run_suite(suite, files={"shop.py": app})
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["exception cycles of libraries: 1 through flask/app.py *"])


def test_a_frameworks_cycle_fails_when_the_user_wants_it(run_suite):
    suite = 'from shop import app\n\ndef test_it():\n    app.test_client().get("/nowhere")\n'
    args = ("-o", "hygiene_framework_cycles=fail")
    result = run_suite(suite, *args, files={"shop.py": FRAMEWORK_APP})
    result.assert_outcomes(failed=1)


# -- cycles that the reader's code closes

USER_ROWS = {
    "name": ("error = e", "error", "error = e"),
    "exc_info": ("info = sys.exc_info()", "info[1]", "info = sys.exc_info()"),
    "attribute": ("self.err = e", "self.err", "self.err = e"),
    "list": ("errors = [e]", "errors[0]", "errors = [e]"),
    "appended": ("errors = []; errors.append(e)", "errors[0]", "errors = []; errors.append(e)"),
    "dict": ('state = {"error": e}', "state['error']", 'state = {"error": e}'),
}

USER_APP = """
    import sys

    class Service:
        def work(self):
            self = Service()
            try:
                raise ValueError("no stock")
            except ValueError as e:
                {line}
    """


@pytest.mark.parametrize("row", USER_ROWS)
def test_a_users_cycle_fails_with_frame_variable_and_line(run_suite, row):
    line, variable, code = USER_ROWS[row]
    suite = "from shop import Service\n\ndef test_it():\n    Service().work()\n"
    result = run_suite(suite, files={"shop.py": USER_APP.format(line=line)})
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert f"ValueError: no stock is kept alive by {variable} in work" in text
    (where,) = [shown for shown in result.outlines if shown.startswith("    shop.py:")]
    assert where.split()[0] == "shop.py:10"
    assert where.endswith(code)


def test_a_retry_decorator_that_keeps_the_last_error(run_suite):
    app = """
    def retry(function):
        def call():
            last = None
            for _ in range(2):
                try:
                    return function()
                except ValueError as e:
                    last = e
            raise last
        return call

    @retry
    def fetch():
        raise ValueError("down")
    """
    suite = """
    import pytest
    from shop import fetch

    def test_it():
        with pytest.raises(ValueError):
            fetch()
    """
    result = run_suite(suite, files={"shop.py": app})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*kept alive by last in call", "    shop.py:9 *in call *last = e"])


def test_a_users_cycle_inside_a_500_is_still_the_users(run_suite):
    app = """
    from flask import Flask

    app = Flask("shop")

    @app.get("/")
    def index():
        try:
            raise KeyError("inner")
        except KeyError as e:
            saved = e
        raise ValueError("outer")
    """
    suite = 'from shop import app\n\ndef test_it():\n    app.test_client().get("/")\n'
    result = run_suite(suite, "-p", "no:logging", subprocess=True, files={"shop.py": app})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*kept alive by saved in index"])


# -- idiomatic code

SILENT = {
    "del in finally": """
        try:
            raise ValueError
        except ValueError as e:
            error = e
        finally:
            del error
        """,
    "raises as": """
        with pytest.raises(ValueError) as info:
            raise ValueError("x")
        error = info.value
        assert str(error) == "x"
        """,
    "mock with side_effect": """
        fetch = Mock(side_effect=ValueError("down"))
        with pytest.raises(ValueError):
            shop.call(fetch)
        """,
    "mock that logs the error": """
        log = Mock()
        shop.logs(log)
        assert log.error.called
        """,
    "fake that raises its error": """
        fake = Fake()
        with pytest.raises(ValueError):
            shop.call(fake)
        """,
    "closure": """
        error = ValueError("made here")
        def view():
            raise error
        with pytest.raises(ValueError):
            shop.call(view)
        """,
    "long-lived service": """
        shop.service.call_and_keep()
        """,
}

SILENT_APP = """
    def call(function):
        return function()

    def logs(log):
        try:
            raise ValueError("x")
        except ValueError as e:
            log.error("bad %s", e)

    class Service:
        def call_and_keep(self):
            try:
                raise ValueError
            except ValueError as e:
                self.last = e

    service = Service()
    """

SILENT_HEAD = """
import pytest
from unittest.mock import Mock
import shop

class Fake:
    def __init__(self):
        self.error = ValueError("fake")

    def __call__(self):
        raise self.error

def test_it():
"""


@pytest.mark.parametrize("row", SILENT)
def test_silent(run_suite, row):
    source = SILENT_HEAD + SILENT[row].replace("\n    ", "\n")
    # The service lives as long as its module, which in this process is no longer than the inner run.
    result = run_suite(source, files={"shop.py": SILENT_APP}, subprocess=row == "long-lived service")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


CLOSED_BY_A_TEST = """
    def test_it():
        try:
            raise ValueError("x")
        except ValueError as e:
            error = e
    """


def test_a_cycle_closed_by_test_code_is_noted(run_suite):
    result = run_suite(CLOSED_BY_A_TEST)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks", "exception cycles made by test code: 1*"])


def test_a_cycle_closed_by_test_code_fails_in_strict_mode(run_suite):
    result = run_suite(CLOSED_BY_A_TEST, "--hygiene-strict")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*kept alive by error in test_it", "*:5  in test_it  error = e"])


# -- objects that bite

HOSTILE = (
    "__class__",
    "__getattribute__",
    "__repr__",
    "__eq__",
    "__hash__",
    "__bool__",
    "__len__",
    "__iter__",
)
HOSTILE_CLASS = """
    class Hostile:
        {definition}
            raise RuntimeError("do not touch")
    """
HOSTILE_APP = """
    import weakref
    {hostile}
    class Target:
        pass

    def dead_proxy():
        target = Target()
        return weakref.proxy(target)

    def work(bite):
        held = {{"one": bite, 2: [bite]}}
        held["itself"] = held
        try:
            raise ValueError("no stock")
        except ValueError as e:
            error = e
    """


@pytest.mark.parametrize("method", [*HOSTILE, "dead proxy", "metaclass"])
def test_hostile_objects_in_the_garbage_do_not_break_the_run(run_suite, method):
    if method == "dead proxy":
        hostile, make = "", "shop.dead_proxy()"
    elif method == "metaclass":
        meta = HOSTILE_CLASS.format(definition="def __getattribute__(cls, name):")
        hostile = (
            meta.replace("Hostile", "Meta(type)") + "\n    class Hostile(metaclass=Meta):\n        pass\n"
        )
        make = "object.__new__(shop.Hostile)"
    else:
        head = (
            "@property\n        def __class__(self):"
            if method == "__class__"
            else f"def {method}(self, *args):"
        )
        hostile, make = HOSTILE_CLASS.format(definition=head), "shop.Hostile()"
    suite = f"import shop\n\ndef test_it():\n    shop.work({make})\n\ndef test_after():\n    pass\n"
    result = run_suite(suite, files={"shop.py": HOSTILE_APP.format(hostile=hostile)})
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*kept alive by error in work"])


def test_an_exception_whose_str_raises_is_named_by_its_type(run_suite):
    app = """
    class Unprintable(Exception):
        def __str__(self):
            raise RuntimeError("no")

    def work():
        try:
            raise Unprintable
        except Unprintable as e:
            error = e
    """
    result = run_suite("import shop\n\ndef test_it():\n    shop.work()\n", files={"shop.py": app})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["cycle  Unprintable is kept alive by error in work"])


# -- strongly connected parts


@pytest.mark.parametrize(
    ("graph", "parts"),
    [
        ({}, []),
        ({0: [1], 1: [2]}, []),
        ({0: [0]}, [{0}]),
        ({0: [1], 1: [2], 2: [0]}, [{0, 1, 2}]),
        ({0: [1], 1: [0, 2], 2: [3], 3: [2]}, [{0, 1}, {2, 3}]),
        ({0: [1, 2], 1: [0], 2: [0]}, [{0, 1, 2}]),
        ({0: [1], 2: [3], 3: [2]}, []),
    ],
    ids=["empty", "chain", "loop", "ring", "two rings", "eight", "out of reach"],
)
def test_strongly_connected(graph, parts):
    found = strongly_connected([0], lambda node: graph.get(node, []))
    assert sorted(found, key=min) == parts


def test_strongly_connected_needs_no_deep_recursion():
    size = 50_000
    (part,) = strongly_connected([0], lambda node: [(node + 1) % size])
    assert len(part) == size


@pytest.mark.parametrize("seed", range(20))
def test_strongly_connected_agrees_with_the_definition(seed):
    rng = random.Random(seed)
    nodes = range(9)
    graph = {n: [m for m in nodes if rng.random() < 0.2] for n in nodes}
    reach = {n: set(graph[n]) for n in nodes}
    for through, start in itertools.product(nodes, nodes):
        if through in reach[start]:
            reach[start] |= reach[through]
    expected = {
        frozenset(m for m in nodes if m in reach[n] and n in reach[m]) for n in nodes if n in reach[n]
    }
    assert {frozenset(part) for part in strongly_connected(nodes, graph.__getitem__)} == expected
