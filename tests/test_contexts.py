"""App and request contexts that are left pushed, and all the ways in which they rightly are not."""

from __future__ import annotations

import pytest

APP = """
    from flask import Flask, stream_with_context

    app = Flask("shop")

    @app.get("/")
    def index():
        return "ok"

    @app.get("/stream")
    def stream():
        return app.response_class(stream_with_context(str(number) for number in range(9)))
    """

STARTS_CLEAN = """
    def test_starts_clean():
        assert not current_app
        assert not request
    """

HEAD = """
    import unittest

    import pytest
    from flask import current_app, request

    from shop import app
    """


@pytest.fixture
def run_app(run_suite):
    def run(source: str, *args: str, **options: object) -> pytest.RunResult:
        files = {"shop.py": APP, **options.pop("files", {})}  # type: ignore[dict-item]
        return run_suite(HEAD + source + STARTS_CLEAN, *args, files=files, **options)

    return run


PUSHES = {
    "app context": ("app.app_context().push()",),
    "request context": ("app.test_request_context().push()",),
    "client": ("client = app.test_client()", "client.__enter__()", 'client.get("/")'),
    "kept in a variable": ("context = app.app_context()", "context.push()"),
    "pushed twice": ("context = app.app_context()", "context.push()", "context.push()"),
    "pushed twice, popped once": (
        "context = app.app_context()",
        "context.push()",
        "context.push()",
        "context.pop()",
    ),
    "app below request": ("app.app_context().push()", "app.test_request_context().push()"),
}


@pytest.mark.parametrize("how", PUSHES)
def test_a_context_left_by_a_test_fails_it_and_is_popped(run_app, how):
    lines = "".join(f"        {line}\n" for line in PUSHES[how])
    result = run_app(f"\n    def test_leaves():\n{lines}")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["hygiene: test_leaves left * open", "context  *"])


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("app context", "app.app_context().push()"),
        ("request context", "app.test_request_context().push()"),
        ("client", "client.__enter__()"),
        ("kept in a variable", "context.push()"),
    ],
)
def test_the_line_is_the_push(run_app, how, line):
    lines = "".join(f"        {text}\n" for text in PUSHES[how])
    result = run_app(f"\n    def test_leaves():\n{lines}")
    result.stdout.fnmatch_lines([f"    test_suite.py:*  in test_leaves *{line}"])


SILENT = {
    "with blocks": """
    def test_it():
        with app.app_context():
            with app.test_request_context("/x"):
                assert request.path == "/x"
        with app.test_client() as client:
            client.get("/")
            assert request.path == "/"
    """,
    "setup and teardown methods": """
    class TestIt:
        def setup_method(self):
            self.context = app.app_context()
            self.context.push()

        def teardown_method(self):
            self.context.pop()

        def test_it(self):
            assert current_app
    """,
    "addfinalizer": """
    def test_it(request):
        context = app.app_context()
        context.push()
        request.addfinalizer(context.pop)
    """,
    "unittest": """
    class TestIt(unittest.TestCase):
        def setUp(self):
            self.context = app.test_request_context()
            self.context.push()

        def tearDown(self):
            self.context.pop()

        def test_it(self):
            assert request
    """,
    "addCleanup": """
    class TestIt(unittest.TestCase):
        def setUp(self):
            context = app.app_context()
            context.push()
            self.addCleanup(context.pop)

        def test_it(self):
            assert current_app
    """,
    "pushed and popped by hand": """
    def test_it():
        context = app.app_context()
        context.push()
        context.pop()
    """,
    "an open stream": """
    kept = []

    def test_it():
        kept.append(app.test_client().get("/stream"))
    """,
}


@pytest.mark.parametrize("how", SILENT)
def test_silent(run_app, how):
    result = run_app(SILENT[how])
    result.assert_outcomes(passed=2)
    assert "context  " not in result.stdout.str()


SCOPES = ("function", "class", "module", "package", "session")
WITHIN = {
    "app context": "with app.app_context():\n            yield",
    "request context": "with app.test_request_context():\n            yield",
    "client": "with app.test_client() as client:\n            client.get('/')\n            yield client",
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("how", WITHIN)
def test_a_fixture_that_yields_in_a_context_is_silent(run_suite, scope, how):
    source = f"""
    @pytest.fixture(scope="{scope}")
    def pushed():
        {WITHIN[how]}

    class TestUses:
        def test_first(self, pushed):
            assert current_app

        def test_last(self, pushed):
            assert current_app

    def test_after():
        pass
    """
    result = run_suite(HEAD + source, files={"shop.py": APP})
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


@pytest.mark.parametrize(
    ("scope", "ends_in"),
    [
        ("function", "TestUses::test_first"),
        ("class", "TestUses::test_last"),
        ("module", "test_after"),
        ("session", "test_after"),
    ],
)
def test_a_fixture_that_pushes_and_never_pops_is_an_error_at_teardown(run_suite, scope, ends_in):
    source = f"""
    @pytest.fixture(scope="{scope}")
    def pushed():
        app.app_context().push()

    class TestUses:
        def test_first(self, pushed):
            assert current_app

        def test_last(self):
            pass

    def test_after():
        pass
    """
    result = run_suite(HEAD + source, files={"shop.py": APP})
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        [f"*by {scope} fixture 'pushed', *", "*in pushed *push()", f"ERROR test_suite.py::{ends_in} *"]
    )


def test_the_test_after_a_fixtures_left_context_starts_clean(run_app):
    result = run_app(
        """
    @pytest.fixture
    def pushed():
        app.app_context().push()

    def test_uses(pushed):
        assert current_app
    """
    )
    result.assert_outcomes(passed=2, errors=1)


def test_a_context_pushed_inside_a_fixtures_context_is_the_tests(run_app):
    result = run_app(
        """
    @pytest.fixture
    def pushed():
        with app.app_context():
            yield

    def test_leaves(pushed):
        app.test_request_context().push()
    """
    )
    result.assert_outcomes(failed=1, passed=1)


def test_a_failing_test_that_leaves_a_context_does_not_harm_the_next(run_app):
    result = run_app(
        """
    def test_fails():
        app.app_context().push()
        assert False
    """
    )
    result.assert_outcomes(failed=1, passed=1)


@pytest.mark.parametrize("flags", [(), ("--hygiene-strict",)], ids=["default", "strict"])
def test_a_context_that_a_module_pushes_at_its_import_is_left_alone(run_suite, flags):
    source = """
    app.app_context().push()

    def test_it():
        assert current_app
    """
    after = "from flask import current_app\n\ndef test_it():\n    assert current_app\n"
    # In a process of its own, which the context goes with.
    files = {"shop.py": APP, "test_then.py": after}
    result = run_suite(HEAD + source, *flags, files=files, subprocess=True)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


FLASK_CONFTEST = """
    import pytest
    from shop import app as application

    @pytest.fixture
    def app():
        return application
    """


def test_the_context_that_pytest_flask_pushes_is_silent(run_suite):
    pytest.importorskip("pytest_flask")
    source = """
    from flask import current_app, request

    def test_uses(client):
        assert client.get("/").status_code == 200
        assert request

    def test_uses_again(app):
        assert current_app
    """
    files = {"shop.py": APP, "conftest.py": FLASK_CONFTEST}
    result = run_suite(source, files=files, with_plugins=("flask",))
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_a_push_under_pytest_flask_fails_its_test_alone(run_suite):
    pytest.importorskip("pytest_flask")
    source = """
    def test_leaves(app):
        app.app_context().push()

    def test_innocent(app):
        pass
    """
    files = {"shop.py": APP, "conftest.py": FLASK_CONFTEST}
    result = run_suite(source, files=files, with_plugins=("flask",))
    result.assert_outcomes(failed=1, passed=1)
