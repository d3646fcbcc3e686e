"""How to mend a context that is left pushed: as the place of the push allows it."""

from __future__ import annotations

import pytest

HEAD = """
import contextlib
import unittest
import pytest
from flask import Flask, request

app = Flask("shop")
"""

LEAVES = {
    "a fixture's app context": (
        """
@pytest.fixture
def pushed():
    app.app_context().push()

def test_it(pushed):
    pass
""",
        "fix: yield inside the context: with app.app_context(): yield app",
    ),
    "a fixture's request context": (
        """
@pytest.fixture
def pushed():
    app.test_request_context("/tea").push()

def test_it(pushed):
    assert request.path == "/tea"
""",
        "fix: yield inside the context: with app.test_request_context(...): yield app",
    ),
    "setUp": (
        """
class TestIt(unittest.TestCase):
    def setUp(self):
        self.context = app.app_context()
        self.context.push()

    def test_it(self):
        pass
""",
        "fix: pop it when the test ends: after context.push(), self.addCleanup(context.pop)",
    ),
    "setUpClass": (
        """
class TestIt(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.context = app.app_context()
        cls.context.push()

    def test_it(self):
        pass
""",
        "fix: pop it when the class ends: after context.push(), cls.addClassCleanup(context.pop)",
    ),
    "setup_method": (
        """
class TestIt:
    def setup_method(self):
        self.context = app.test_request_context()
        self.context.push()

    def test_it(self):
        pass
""",
        "fix: keep it in a variable, and pop() it in teardown_method()",
    ),
    "setup_module": (
        """
def setup_module():
    app.app_context().push()

def test_it():
    pass
""",
        "fix: keep it in a variable, and pop() it in teardown_module()",
    ),
    "an ExitStack": (
        """
@pytest.fixture
def client():
    return contextlib.ExitStack().enter_context(app.test_client())

def test_it(client):
    client.get("/")
""",
        "fix: close the ExitStack, too: with contextlib.ExitStack() as stack:",
    ),
    "a test": (
        """
def test_it():
    app.app_context().push()
""",
        "fix: push it with a with block: with app.app_context():, *",
    ),
}


@pytest.mark.parametrize("where", LEAVES)
def test_the_advice_fits_the_place_of_the_push(run_suite, where):
    source, advice = LEAVES[where]
    run_suite(HEAD + source).stdout.fnmatch_lines([advice.replace("[", "[[]")])


@pytest.mark.parametrize(
    "source",
    [
        """
class TestIt(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        context = app.app_context()
        context.push()
        cls.addClassCleanup(context.pop)

    def test_it(self):
        pass
""",
        """
def setup_module():
    global context
    context = app.app_context()
    context.push()

def teardown_module():
    context.pop()

def test_it():
    pass
""",
        """
@pytest.fixture
def pushed():
    with app.test_request_context("/tea"):
        yield app

def test_it(pushed):
    assert request.path == "/tea"
""",
        """
@pytest.fixture
def client():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context(app.test_client())

def test_it(client):
    client.get("/")
""",
    ],
    ids=["setUpClass", "setup_module", "request context", "ExitStack"],
)
def test_what_is_mended_so_is_silent(run_suite, source):
    result = run_suite(HEAD + source)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])
