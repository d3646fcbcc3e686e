"""Who is charged with what a fixture, a setup function, an import or the collection leaves."""

from __future__ import annotations

import pytest

LEAKS = {
    "setup": 'open("left.txt", "w")\n            yield',
    "teardown": 'yield\n            open("left.txt", "w")',
    "value": 'yield open("left.txt", "w")',
    "returned value": 'return open("left.txt", "w")',
}

#: The tests during which a fixture of each scope ends.
ENDS_IN = {
    "function": ["pkg/test_a.py::TestUses::test_first", "pkg/test_a.py::TestUses::test_last"],
    "class": ["pkg/test_a.py::TestUses::test_last"],
    "module": ["pkg/test_a.py::test_after_class"],
    "package": ["pkg/test_b.py::test_in_package"],
    "session": ["test_z.py::test_outside"],
}


def errors_of(result: pytest.RunResult) -> list[str]:
    lines = [line for line in result.outlines if line.startswith("ERROR ")]
    return [line.removeprefix("ERROR ").partition(" - ")[0] for line in lines]


@pytest.fixture
def run_scopes(run_suite):
    def run(scope: str, leak: str) -> pytest.RunResult:
        conftest = f"""
        import pytest

        @pytest.fixture(scope="{scope}")
        def resource():
            {leak}
        """
        suite = """
        class TestUses:
            def test_first(self, resource):
                pass

            def test_last(self, resource):
                pass

        def test_after_class():
            pass
        """
        others = {
            "pkg/test_b.py": "def test_in_package():\n    pass\n",
            "test_z.py": "def test_outside():\n    pass\n",
        }
        return run_suite(
            files={"pkg/__init__.py": "", "pkg/conftest.py": conftest, "pkg/test_a.py": suite, **others}
        )

    return run


@pytest.mark.parametrize("where", LEAKS)
@pytest.mark.parametrize("scope", ENDS_IN)
def test_a_fixtures_leak_is_an_error_where_the_fixture_ended(run_scopes, scope, where):
    result = run_scopes(scope, LEAKS[where])
    assert errors_of(result) == ENDS_IN[scope]
    result.assert_outcomes(passed=5, errors=len(ENDS_IN[scope]))


@pytest.mark.parametrize("where", LEAKS)
@pytest.mark.parametrize("scope", ENDS_IN)
def test_a_fixtures_leak_names_the_fixture_and_its_line(run_scopes, scope, where):
    result = run_scopes(scope, LEAKS[where])
    result.stdout.fnmatch_lines(
        [f"*by {scope} fixture 'resource', pkg/conftest.py:*", "*in resource *open(*"]
    )


@pytest.mark.parametrize("scope", ENDS_IN)
def test_a_fixture_that_closes_is_silent(run_scopes, scope):
    result = run_scopes(scope, 'with open("left.txt", "w") as file:\n                yield file')
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_getfixturevalue_is_charged_to_the_fixture(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture
        def resource():
            open("left.txt", "w")

        def test_asks(request):
            request.getfixturevalue("resource")

        def test_innocent():
            pass
        """
    )
    assert errors_of(result) == ["test_suite.py::test_asks"]
    result.stdout.fnmatch_lines(["*by function fixture 'resource', *"])


def test_each_parameter_of_a_fixture_ends_by_itself(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture(scope="module", params=["one", "two"])
        def resource(request):
            open(request.param, "w")
            yield

        def test_first(resource):
            pass

        def test_last(resource):
            pass
        """
    )
    result.assert_outcomes(passed=4, errors=2)
    # pytest ends the first one when the second is set up.
    assert errors_of(result) == ["test_suite.py::test_first[two]", "test_suite.py::test_last[two]"]


def test_an_autouse_fixture_is_named(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture(autouse=True)
        def always():
            open("left.txt", "w")

        def test_knows_nothing():
            pass
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*by function fixture 'always', *"])


def test_a_fixture_that_drops_what_another_opened(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture
        def inner():
            return [open("left.txt", "w")]

        @pytest.fixture
        def outer(inner):
            yield
            inner.clear()

        def test_uses(outer):
            pass
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*by function fixture 'inner', *"])


def test_a_function_fixture_over_a_module_fixture_is_charged_alone(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture(scope="module")
        def wide():
            with open("closed.txt", "w") as file:
                yield file

        @pytest.fixture
        def narrow(wide):
            open("left.txt", "w")
            return wide

        def test_uses(narrow):
            pass

        def test_innocent(wide):
            pass
        """
    )
    result.assert_outcomes(passed=2, errors=1)
    assert errors_of(result) == ["test_suite.py::test_uses"]


def test_what_a_test_opens_through_a_factory_fixture_is_the_tests(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture(scope="session")
        def make():
            return lambda name: open(name, "w")

        def test_leaks(make):
            make("left.txt")

        def test_innocent(make):
            make("closed.txt").close()
        """
    )
    result.assert_outcomes(failed=1, passed=1)


# -- setup functions

XUNIT = {
    "setup_method": ("failed", "class TestIt:\n    def setup_method(self):\n        {leak}\n"),
    "setUp": ("failed", "class TestIt(unittest.TestCase):\n    def setUp(self):\n        {leak}\n"),
    "teardown_method": ("errors", "class TestIt:\n    def teardown_method(self):\n        {leak}\n"),
    "tearDown": ("failed", "class TestIt(unittest.TestCase):\n    def tearDown(self):\n        {leak}\n"),
    "setup_class": ("errors", "class TestIt:\n    @classmethod\n    def setup_class(cls):\n        {leak}\n"),
    "setUpClass": (
        "errors",
        "class TestIt(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        {leak}\n",
    ),
    "setup_module": ("errors", "def setup_module():\n    {leak}\n\nclass TestIt:\n"),
    "teardown_module": ("errors", "def teardown_module():\n    {leak}\n\nclass TestIt:\n"),
}


@pytest.mark.parametrize("name", XUNIT)
def test_setup_functions(run_suite, name):
    outcome, start = XUNIT[name]
    leak = 'open("left.txt", "w")'
    end = "\n    def test_it(self):\n        pass\n"
    result = run_suite("import unittest\n\n" + start.format(leak=leak) + end)
    result.assert_outcomes(**({"failed": 1} if outcome == "failed" else {"passed": 1, "errors": 1}))
    result.stdout.fnmatch_lines([f"*in {name} *open(*"])


def test_what_setup_module_opened_is_charged_to_it(run_suite):
    result = run_suite(
        """
        def setup_module():
            open("left.txt", "w")

        def test_first():
            pass

        def test_last():
            pass
        """
    )
    assert errors_of(result) == ["test_suite.py::test_last"]
    result.stdout.fnmatch_lines(["*by module fixture 'setup_module', test_suite.py:1"])


# -- imports and collection

PASSES = "def test_passes():\n    pass\n"
OUTSIDE = {
    "test module": {"test_suite.py": 'open("left.txt", "w")\n\n' + PASSES},
    "conftest": {"test_suite.py": PASSES, "conftest.py": 'open("left.txt", "w")\n'},
    "conftest of a folder": {"sub/test_suite.py": PASSES, "sub/conftest.py": 'open("left.txt", "w")\n'},
    "module imported by a test module": {
        "test_suite.py": "import shop\n\n" + PASSES,
        "shop.py": 'open("left.txt", "w")\n',
    },
    "module imported by a test": {
        "test_suite.py": "def test_passes():\n    import shop\n",
        "shop.py": 'open("left.txt", "w")\n',
    },
    "collection": {
        "test_suite.py": PASSES,
        "conftest.py": 'def pytest_collection_modifyitems():\n    open("left.txt", "w")\n',
    },
    "parametrization": {
        "test_suite.py": "def test_passes(number):\n    pass\n",
        "conftest.py": "def pytest_generate_tests(metafunc):\n"
        '    metafunc.parametrize("number", [len(open("left.txt", "w+").read())])\n',
    },
}


@pytest.mark.parametrize("where", OUTSIDE)
def test_what_no_test_opened_is_a_session_finding(run_suite, where):
    result = run_suite(files=OUTSIDE[where])
    result.assert_outcomes(passed=1, errors=1)
    (line,) = errors_of(result)
    assert line.startswith("hygiene: file ")
    result.stdout.fnmatch_lines(["outside tests:", '*open("left.txt"*'])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_what_an_import_keeps_open_is_nobodys_leak(run_suite):
    result = run_suite('kept = open("left.txt", "w")\n\n' + PASSES)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("scope", ["module", "session"])
def test_a_mark_of_the_test_that_ends_a_wider_fixture_does_not_accept_its_leak(run_suite, scope):
    result = run_suite(
        f"""
        import pytest

        @pytest.fixture(scope="{scope}")
        def wide():
            open("wide.txt", "w")

        def test_uses_it(wide):
            pass

        @pytest.mark.allow_leak("file")
        def test_has_a_mark():
            pass
        """
    )
    result.assert_outcomes(passed=2, errors=1)


def test_a_mark_of_the_module_accepts_the_leak_of_its_fixture(run_suite):
    result = run_suite(
        """
        import pytest

        pytestmark = pytest.mark.allow_leak("file", reason="known")

        @pytest.fixture(scope="module")
        def wide():
            open("wide.txt", "w")

        def test_uses_it(wide):
            pass
        """,
        "--hygiene-strict",
    )
    result.assert_outcomes(passed=1)


def test_a_mark_of_the_class_accepts_the_leak_of_its_fixture(run_suite):
    result = run_suite(
        """
        import pytest

        @pytest.fixture(scope="class")
        def wide():
            open("wide.txt", "w")

        @pytest.mark.allow_leak("file", reason="known")
        class TestMarked:
            def test_uses_it(self, wide):
                pass

        class TestOther:
            def test_uses_it(self, wide):
                pass
        """,
        "--hygiene-strict",
    )
    result.assert_outcomes(passed=2, errors=1)


APPLICATION = """
    import socket, sqlite3

    def read():
        return len(open(__file__).read())

    class Mailer:
        def __init__(self):
            self.db = sqlite3.connect(":memory:")

    class Probe:
        def __init__(self):
            self.socket = socket.socket()
    """


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        ("shop.read()", "fix: use pathlib: *"),
        ("shop.Mailer()", "fix: give the object a close() method, *"),
        ("shop.Probe()", "fix: give the object a close() method, *"),
        ("open(__file__)", "fix: close it after the yield, *"),
    ],
)
def test_advice_is_about_the_line_that_opened_it_and_not_about_the_fixture_that_called_it(
    run_suite, call, advice
):
    text = (
        f"import pytest, shop\n\n@pytest.fixture\ndef ready():\n    {call}\n\ndef test_it(ready):\n    pass\n"
    )
    result = run_suite(text, files={"shop.py": APPLICATION})
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["hygiene: function fixture 'ready' left 1 resource open", advice])


@pytest.mark.parametrize(
    "opened", ["app.open_resource", "app.open_instance_resource", "current_app.open_resource"]
)
def test_the_advice_opens_an_applications_resource_with_the_call_that_opened_it(run_suite, opened):
    text = f"""
    from flask import Flask, current_app

    def test_it(tmp_path):
        (tmp_path / "prices.csv").write_text("tea")
        app = Flask("shop", root_path=tmp_path, instance_path=str(tmp_path))
        with app.app_context():
            {opened}("prices.csv").read()
    """
    result = run_suite(text)
    result.stdout.fnmatch_lines([f"fix: use a with block: with {opened}(...) as file:"])
