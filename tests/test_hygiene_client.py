"""The fixture ``hygiene_client``."""

from __future__ import annotations

import pytest

CONFTEST = {
    "conftest.py": """
    import pytest
    from flask import Flask, send_file

    def make():
        app = Flask("shop")

        @app.get("/")
        def index():
            return "hi"

        @app.get("/file")
        def file():
            return send_file(__file__)

        return app

    @pytest.fixture
    def app():
        return make()
    """
}


def test_it_is_the_apps_own_client(run_suite):
    suite = """
    from flask.testing import FlaskClient

    class OurClient(FlaskClient):
        pass

    def test_it(app, hygiene_client):
        assert hygiene_client.application is app
        assert hygiene_client.get("/").text == "hi"

    class TestOurs:
        import pytest

        @pytest.fixture
        def app(self, app):
            app.test_client_class = OurClient
            return app

        def test_it(self, hygiene_client):
            assert type(hygiene_client) is OurClient
    """
    run_suite(suite, files=CONFTEST).assert_outcomes(passed=2)


def test_it_is_not_entered(run_suite):
    suite = """
    from flask import has_app_context, has_request_context

    def test_it(hygiene_client):
        hygiene_client.get("/")
        assert not has_app_context()
        assert not has_request_context()
    """
    run_suite(suite, files=CONFTEST).assert_outcomes(passed=1)


def test_its_responses_are_closed(run_suite):
    suite = """
    kept = []

    def test_it(hygiene_client):
        kept.append(hygiene_client.get("/file"))
        assert kept[0].data

    def test_after():
        assert kept
    """
    result = run_suite(suite, files=CONFTEST)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["closed for the tests: 1 streamed response"])


def test_app_may_be_of_a_wider_scope_and_have_parameters(run_suite):
    suite = """
    import pytest
    from conftest import make

    @pytest.fixture(scope="module", params=["one", "two"])
    def app(request):
        app = make()
        app.name = request.param
        return app

    def test_it(hygiene_client):
        assert hygiene_client.application.name in ("one", "two")
    """
    run_suite(suite, files=CONFTEST).assert_outcomes(passed=2)


@pytest.mark.parametrize("mode", ["fail", "off"])
def test_without_an_app_it_teaches_what_to_write(run_suite, mode):
    suite = """
    def test_it(hygiene_client):
        pass

    def test_other():
        pass
    """
    result = run_suite(suite, f"--hygiene={mode}")
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "hygiene_client: there is no fixture 'app' that it could ask for a client",
            "    @pytest.fixture",
            "    def app():",
            "        return create_app()",
            "see: docs/messages.md in pytest-flask-hygiene",
            "ERROR test_suite.py::test_it - hygiene_client: there is no fixture 'app'",
        ]
    )
    result.stdout.no_fnmatch_line("*available fixtures*")
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_without_an_app_under_xdist(run_suite):
    pytest.importorskip("xdist")
    result = run_suite("def test_it(hygiene_client): pass", "-n1", with_plugins=("xdist",), subprocess=True)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["hygiene_client: there is no fixture 'app'*", "        return create_app()"])


def test_another_missing_fixture_is_pytests_to_tell(run_suite):
    suite = """
    import pytest

    @pytest.fixture
    def app(database):
        pass

    def test_it(hygiene_client):
        pass
    """
    result = run_suite(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'database' not found*"])


@pytest.mark.parametrize(("value", "what"), [("None", "None (is a return missing?)"), ("dict()", "a dict")])
def test_what_is_no_application(run_suite, value, what):
    suite = f"""
    import pytest

    @pytest.fixture
    def app():
        return {value}

    def test_it(hygiene_client):
        pass
    """
    result = run_suite(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [f"hygiene_client: the fixture 'app' gave {what}, and not a Flask application", "*create_app()"]
    )
    result.stdout.no_fnmatch_line("*client_fixture.py*")


def test_beside_pytest_flask(run_suite):
    pytest.importorskip("pytest_flask")
    suite = """
    import pytest
    from flask import request, url_for

    def test_context(hygiene_client):
        # pytest-flask pushes a request context where "app" is used.
        assert hygiene_client.get(url_for("index")).text == "hi"
        assert hygiene_client.get("/").text == "hi"

    def test_both(client, hygiene_client):
        assert client is not hygiene_client
        assert client.get("/file").data == hygiene_client.get("/file").data

    @pytest.mark.options(colour="red")
    def test_options(hygiene_client):
        assert hygiene_client.application.config["COLOUR"] == "red"

    def test_without():
        pass
    """
    result = run_suite(suite, files=CONFTEST, with_plugins=("flask",), subprocess=True)
    result.assert_outcomes(passed=4)


def test_beside_pytest_flask_without_an_app(run_suite):
    pytest.importorskip("pytest_flask")
    result = run_suite("def test_it(hygiene_client): pass", with_plugins=("flask",), subprocess=True)
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
