"""Exception cycles that a fixture makes are the fixture's, not those of the test that happens to run."""

from __future__ import annotations

import json
from textwrap import dedent

import pytest

SHOP = """
    def work():
        try:
            raise ValueError("no stock")
        except ValueError as e:
            error = e
    """
TESTS = """

def test_first(made):
    pass

def test_second(made):
    pass
"""
FIXTURES = {
    "return": """
        @pytest.fixture(scope="SCOPE")
        def made():
            shop.work()
            return 1
        """,
    "yield": """
        @pytest.fixture(scope="SCOPE")
        def made():
            shop.work()
            yield 1
        """,
    "used by another": """
        @pytest.fixture(scope="SCOPE")
        def made():
            shop.work()

        @pytest.fixture(scope="SCOPE", autouse=True)
        def other(made):
            return [made]
        """,
    "behind another": """
        @pytest.fixture(scope="SCOPE", autouse=True)
        def other():
            return []

        @pytest.fixture(scope="SCOPE")
        def made(other):
            shop.work()
        """,
    "asked for by a fixture": """
        @pytest.fixture(scope="SCOPE")
        def made():
            shop.work()

        @pytest.fixture(autouse=True)
        def asks(request):
            request.getfixturevalue("made")
        """,
}


def source(style: str, scope: str) -> str:
    rows = [row.removeprefix("        ") for row in FIXTURES[style].replace("SCOPE", scope).splitlines()]
    return "import pytest, shop\n" + "\n".join(rows) + TESTS


def run_with(run_suite, text: str, *args: str, **options: object) -> pytest.RunResult:
    return run_suite(text, *args, files={"shop.py": SHOP}, **options)


@pytest.mark.parametrize("scope", ["module", "package", "session"])
@pytest.mark.parametrize("style", FIXTURES)
def test_a_wider_fixtures_cycle_is_the_fixtures(run_suite, style, scope):
    result = run_with(run_suite, source(style, scope))
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_second*",
            f"hygiene: {scope} fixture 'made' left 1 exception in a cycle",
            "*ValueError: no stock is kept alive by error in work",
            "    shop.py:6 * in work *error = e",
        ]
    )


def test_a_class_fixtures_cycle_is_the_fixtures(run_suite):
    text = """
        import pytest, shop

        class TestShop:
            @pytest.fixture(scope="class", autouse=True)
            def made(self):
                shop.work()

            def test_first(self):
                pass

            def test_second(self):
                pass

        def test_third():
            pass
        """
    result = run_with(run_suite, text)
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of TestShop.test_second*", "*class fixture 'made'*"])


@pytest.mark.parametrize(
    ("setup", "name"),
    [
        ("def setup_module():\n    shop.work()", "module fixture 'setup_module'"),
        (
            """class TestOld(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shop.work()

    def test_old(self):
        pass
""",
            "class fixture 'setUpClass'",
        ),
    ],
    ids=["setup_module", "setUpClass"],
)
def test_the_cycle_of_an_old_style_setup_is_its(run_suite, setup, name):
    result = run_with(run_suite, f"import unittest, shop\n\n{setup}\n\ndef test_it():\n    pass\n")
    result.assert_outcomes(passed=1 + ("Class" in setup), errors=1)
    result.stdout.fnmatch_lines([f"hygiene: {name} left 1 exception in a cycle"])


def test_the_tests_own_cycle_is_the_tests(run_suite):
    text = source("return", "module").replace(
        "def test_first(made):\n    pass", "def test_first(made):\n    shop.work()"
    )
    result = run_with(run_suite, text)
    result.assert_outcomes(passed=1, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["hygiene: module fixture 'made' left 1 *", "hygiene: test_first left 1 exception in a cycle"]
    )


def test_what_a_function_fixture_made_before_is_not_the_wider_fixtures(run_suite):
    text = """
        import pytest, shop

        @pytest.fixture(scope="module")
        def wide():
            return []

        @pytest.fixture
        def narrow(request):
            shop.work()
            request.getfixturevalue("wide")

        def test_it(narrow):
            pass

        def test_after(wide):
            pass
        """
    result = run_with(run_suite, text)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_it*"])
    result.stdout.no_fnmatch_line("*module fixture*")


def test_what_a_wider_fixture_made_before_is_not_that_of_the_one_it_asks_for(run_suite):
    text = """
        import pytest, shop

        @pytest.fixture(scope="session")
        def asked_for():
            return []

        @pytest.fixture(scope="module")
        def asking(request):
            shop.work()
            request.getfixturevalue("asked_for")

        def test_it(asking):
            pass
        """
    result = run_with(run_suite, text)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["hygiene: module fixture 'asking' left 1 exception in a cycle"])


@pytest.mark.parametrize("scope", ["function", "module"])
def test_a_cycle_that_the_fixtures_own_frame_closes_is_the_fixtures(run_suite, scope):
    text = f"""
        import pytest

        @pytest.fixture(scope="{scope}")
        def made():
            try:
                raise ValueError("no stock")
            except ValueError as e:
                error = e
            yield 1

        @pytest.fixture
        def another():
            return []

        def test_it(made, another):
            pass
        """
    result = run_suite(text, "--hygiene-strict")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"hygiene: {scope} fixture 'made' left 1 exception in a cycle"])


def test_a_fixture_that_fails_is_not_looked_at(run_suite):
    text = source("return", "module").replace("    return 1", "    assert 0")
    result = run_with(run_suite, text)
    result.assert_outcomes(errors=2)
    result.stdout.no_fnmatch_line("*in a cycle*")


def test_what_a_test_drops_of_a_wider_fixture_is_found_at_once(run_suite):
    text = """
        import pytest

        class Box:
            pass

        @pytest.fixture(scope="module")
        def boxes():
            box = Box()
            box.itself, box.file = box, open(__file__)
            return [box]

        def test_drops(boxes):
            boxes.clear()

        def test_last():
            pass
        """
    result = run_suite(text)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["hygiene: module fixture 'boxes' left 1 resource open"])


def test_the_baseline_knows_a_wider_fixtures_cycle_by_the_fixture(run_suite, pytester):
    text = source("return", "module")
    baseline = "--hygiene-baseline=known.json"
    run_with(run_suite, text, baseline, "--hygiene-update-baseline")
    (entry,) = json.loads((pytester.path / "known.json").read_text("utf-8"))["entries"]
    assert entry["owner"] == "module fixture 'made' of test_suite.py"
    run_with(run_suite, text, baseline, "-k", "second").assert_outcomes(passed=1, deselected=1)
    # The same line, reached by a test.
    new = text.replace("def test_first(made):\n    pass", "def test_first():\n    shop.work()")
    run_with(run_suite, new, baseline).assert_outcomes(passed=1, failed=1)


def test_each_worker_says_the_same(run_suite):
    result = run_with(run_suite, source("return", "session"), "-n2", with_plugins=("xdist",), subprocess=True)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*session fixture 'made'*", "hygiene: 1 leak in *"])


TORN_DOWN = """
    import pytest, shop

    @pytest.fixture(scope="SCOPE")
    def made(request):
        SETUP
        shop.work()

    @pytest.fixture(scope="SCOPE")
    def other():
        yield

    def test_first(made, other):
        pass

    def test_second(other):
        pass
    """


@pytest.mark.parametrize("scope", ["module", "package", "session"])
def test_a_cycle_that_a_wider_fixtures_teardown_makes_is_the_fixtures(run_suite, scope):
    result = run_with(run_suite, TORN_DOWN.replace("SCOPE", scope).replace("SETUP", "yield"))
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_second*", f"hygiene: {scope} fixture 'made' left 1 exception in a cycle"]
    )


LAST_DOES_NOT_PASS = {
    "fails": "def test_second(other):\n    shop.work()\n    assert 0",
    "is skipped": "@pytest.mark.skip\ndef test_second(other):\n    pass",
    "skips itself": "def test_second(other):\n    shop.work()\n    pytest.skip()",
    "has no setup": "def test_second(other, missing):\n    pass",
}


@pytest.mark.parametrize("last", LAST_DOES_NOT_PASS)
def test_so_it_is_when_the_last_test_does_not_pass(run_suite, last):
    text = dedent(TORN_DOWN.replace("SCOPE", "module").replace("SETUP", "yield"))
    text, found, _ = text.partition("def test_second(other):")
    assert found
    result = run_with(run_suite, text + LAST_DOES_NOT_PASS[last])
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of test_second*", "hygiene: module fixture 'made' left 1 exception in a cycle"]
    )
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


def test_a_cycle_that_a_wider_fixtures_own_finalizer_makes_is_the_fixtures(run_suite):
    text = TORN_DOWN.replace("SCOPE", "module").replace("shop.work()", "return 1")
    result = run_with(run_suite, text.replace("SETUP", "request.addfinalizer(shop.work)"))
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["hygiene: module fixture 'made' left 1 exception in a cycle"])


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (
            "def teardown_module():\n    shop.work()\n\ndef test_it():\n    pass\n",
            "module fixture 'teardown_module'",
        ),
        (
            """class TestOld(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        shop.work()

    def test_old(self):
        pass
""",
            "class fixture 'tearDownClass'",
        ),
    ],
    ids=["teardown_module", "tearDownClass"],
)
def test_the_cycle_of_an_old_style_teardown_is_its(run_suite, source, name):
    result = run_with(run_suite, f"import unittest, shop\n\n{source}")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"hygiene: {name} left 1 exception in a cycle"])


def test_what_a_function_fixtures_teardown_makes_is_not_the_wider_fixtures(run_suite):
    text = """
        import pytest, shop

        @pytest.fixture(scope="module")
        def wide():
            yield

        @pytest.fixture
        def narrow():
            yield
            shop.work()

        def test_it(wide, narrow):
            pass
        """
    result = run_with(run_suite, text)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["hygiene: test_it left 1 exception in a cycle"])


def test_a_parametrized_fixtures_teardown_is_not_the_next_tests(run_suite):
    text = """
        import pytest, shop

        @pytest.fixture(scope="module", params=[1, 2])
        def made(request):
            yield
            if request.param == 1:
                shop.work()

        def test_it(made):
            pass
        """
    result = run_with(run_suite, text)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["hygiene: module fixture 'made' left 1 exception in a cycle"])


USED_IN_CALL = """
    import pytest, shop

    @pytest.fixture(scope="module")
    def made():
        FIXTURE
        return 1

    def test_first(request):
        BEFORE
        request.getfixturevalue("made")
        AFTER

    def test_second():
        pass
    """


def used_in_call(**rows: str) -> str:
    text = USED_IN_CALL
    for place in ("FIXTURE", "BEFORE", "AFTER"):
        text = text.replace(place, rows.get(place, "len([])"))
    return text


def test_a_wider_fixture_first_used_in_a_call_answers_for_its_cycle(run_suite):
    result = run_with(run_suite, used_in_call(FIXTURE="shop.work()"))
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["hygiene: module fixture 'made' left 1 exception in a cycle"])


@pytest.mark.parametrize("place", ["BEFORE", "AFTER"])
def test_the_test_that_first_uses_a_wider_fixture_answers_for_its_own_cycle(run_suite, place):
    result = run_with(run_suite, used_in_call(**{place: "shop.work()"}))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_first left 1 exception in a cycle"])


def test_what_a_test_made_before_it_used_a_wider_fixture_and_dropped_after_is_found(run_suite):
    text = used_in_call(BEFORE="kept = [shop.work]; box = [open(__file__)]; box.append(box)", AFTER="del box")
    result = run_with(run_suite, text)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_first left 1 resource open"])


def test_the_baseline_knows_a_teardowns_cycle_by_the_fixture_in_any_order(run_suite):
    text = TORN_DOWN.replace("SCOPE", "module").replace("SETUP", "yield")
    baseline = "--hygiene-baseline=known.json"
    run_with(run_suite, text, baseline, "--hygiene-update-baseline")
    result = run_with(run_suite, text, baseline, "-k", "first")
    result.assert_outcomes(passed=1, deselected=1)
