"""The same verdict, phase and line with fixtures of every make."""

from __future__ import annotations

from textwrap import dedent

import pytest
from reading_runs import charged_at_marks

FIXTURES = {
    "indirect": (
        """
        @pytest.fixture
        def resource(request):
            open(request.param, "w")  # leak

        @pytest.mark.parametrize("resource", ["left.txt"], indirect=True)
        def test_uses(resource):
            pass
        """,
        [("test_uses[left.txt]", "teardown")],
    ),
    "params": (
        """
        @pytest.fixture(params=["one", "two"])
        def resource(request):
            if request.param == "two":
                open("left.txt", "w")  # leak

        def test_uses(resource):
            pass
        """,
        [("test_uses[two]", "teardown")],
    ),
    "parametrized test": (
        """
        @pytest.mark.parametrize("number", [1, 2, 3])
        def test_uses(number):
            if number == 2:
                open("left.txt", "w")  # leak
        """,
        [("test_uses[2]", "call")],
    ),
    "usefixtures": (
        """
        @pytest.fixture
        def resource():
            open("left.txt", "w")  # leak

        @pytest.mark.usefixtures("resource")
        class TestIt:
            def test_uses(self):
                pass
        """,
        [("test_uses", "teardown")],
    ),
    "dynamic scope": (
        """
        @pytest.fixture(scope=lambda fixture_name, config: "module")
        def resource():
            open("left.txt", "w")  # leak

        def test_first(resource):
            pass

        def test_last(resource):
            pass
        """,
        [("test_innocent", "teardown")],
    ),
    "addfinalizer in a fixture": (
        """
        def finish():
            open("left.txt", "w")  # leak

        @pytest.fixture
        def resource(request):
            request.addfinalizer(finish)

        def test_uses(resource):
            pass
        """,
        [("test_uses", "teardown")],
    ),
    "addfinalizer in a test": (
        """
        def finish():
            open("left.txt", "w")  # leak

        def test_uses(request):
            request.addfinalizer(finish)
        """,
        [("test_uses", "teardown")],
    ),
    "addfinalizer of a module": (
        """
        def finish():
            open("left.txt", "w")  # leak

        @pytest.fixture(scope="module")
        def resource(request):
            request.addfinalizer(finish)

        def test_uses(resource):
            pass
        """,
        [("test_innocent", "teardown")],
    ),
    "override that wraps, inner leaks": (
        """
        @pytest.fixture
        def resource():
            open("left.txt", "w")  # leak
            return 1

        class TestIt:
            @pytest.fixture
            def resource(self, resource):
                return resource + 1

            def test_uses(self, resource):
                assert resource == 2
        """,
        [("test_uses", "teardown")],
    ),
    "override that wraps, outer leaks": (
        """
        @pytest.fixture
        def resource():
            return 1

        class TestIt:
            @pytest.fixture
            def resource(self, resource):
                open("left.txt", "w")  # leak
                return resource + 1

            def test_uses(self, resource):
                assert resource == 2
        """,
        [("test_uses", "teardown")],
    ),
    "override, the overridden one unused": (
        """
        @pytest.fixture
        def resource():
            open("left.txt", "w")

        class TestIt:
            @pytest.fixture
            def resource(self):
                return 2

            def test_uses(self, resource):
                assert resource == 2
        """,
        [],
    ),
    "wide fixture asked for in mid-test": (
        """
        @pytest.fixture(scope="module")
        def resource():
            open("left.txt", "w")  # leak

        def test_asks(request):
            request.getfixturevalue("resource")
        """,
        [("test_innocent", "teardown")],
    ),
    "asked for in mid-test, the test leaks": (
        """
        @pytest.fixture
        def resource():
            return "left.txt"

        def test_asks(request):
            open(request.getfixturevalue("resource"), "w")  # leak
        """,
        [("test_asks", "call")],
    ),
    "fixture that calls a fixture's factory": (
        """
        @pytest.fixture
        def make():
            def make(name):
                return open(name, "w")  # leak
            return make

        @pytest.fixture
        def resource(make):
            make("left.txt")

        def test_uses(resource):
            pass
        """,
        [("test_uses", "teardown")],
    ),
    "autouse of a class": (
        """
        class TestIt:
            @pytest.fixture(autouse=True, scope="class")
            def resource(self):
                yield
                open("left.txt", "w")  # leak

            def test_first(self):
                pass

            def test_last(self):
                pass
        """,
        [("test_last", "teardown")],
    ),
    "fixture that skips": (
        """
        @pytest.fixture
        def resource():
            open("left.txt", "w")
            pytest.skip("not here")

        def test_uses(resource):
            pass
        """,
        [],
    ),
    "context manager inside": (
        """
        import contextlib

        @contextlib.contextmanager
        def opened():
            yield open("left.txt", "w")  # leak

        @pytest.fixture
        def resource():
            with opened() as file:
                yield file

        def test_uses(resource):
            resource.write("text")
        """,
        [("test_uses", "teardown")],
    ),
}


@pytest.mark.parametrize("make", FIXTURES)
def test_fixture(run_suite, make):
    source, expected = FIXTURES[make]
    result = run_suite("import pytest\n" + dedent(source) + "\ndef test_innocent():\n    pass\n")
    assert charged_at_marks(result) == expected
    assert result.ret == (pytest.ExitCode.TESTS_FAILED if expected else pytest.ExitCode.OK)
