"""What becomes of a thing that is left open: whose it is, who drops it later, and what the user decided."""

from __future__ import annotations

import pytest
from left_open_suites import CONFTEST, suite
from reading_runs import assert_silent, failures, marked


@pytest.fixture
def run(run_suite):
    def run(source: str, *args: str, **kwargs: object) -> pytest.RunResult:
        files = {"conftest.py": CONFTEST, **kwargs.pop("files", {})}
        return run_suite(suite(source), *args, files=files, **kwargs)

    return run


@pytest.fixture
def strict(run):
    return lambda source, *args, **kwargs: run(source, "--hygiene-strict", *args, **kwargs)


# -- held by what pytest holds: dropped with it, so an error by default


ON_SELF = {
    "plain class": """
        class TestIt:
            def test_it(self):
                self.file = open("left.txt", "w")  # leak
        """,
    "unittest": """
        class TestIt(unittest.TestCase):
            def test_it(self):
                self.file = open("left.txt", "w")  # leak
        """,
    "setUp": """
        class TestIt(unittest.TestCase):
            def setUp(self):
                self.file = open("left.txt", "w")  # leak

            def test_it(self):
                pass
        """,
    "fixture value": """
        @pytest.fixture
        def box():
            return []

        def test_it(box):
            box.append(open("left.txt", "w"))  # leak
        """,
    "parameter": """
        @pytest.mark.parametrize("box", [[]])
        def test_it(box):
            box.append(socket.socket())  # leak
        """,
}


@pytest.mark.parametrize("mode", ["default", "strict"])
@pytest.mark.parametrize("where", [name for name in ON_SELF if name != "parameter"])
def test_what_ends_with_the_tests_own_objects_is_an_error_at_its_teardown(run, where, mode):
    source = ON_SELF[where] + "\n        def test_innocent():\n            pass\n"
    result = run(source, *(("--hygiene-strict",) if mode == "strict" else ()))
    ((name, when, text),) = failures(result)
    assert (name, when) == ("test_it", "teardown")
    assert f"test_suite.py:{marked(suite(source))} " in text


def test_what_a_parameter_holds_is_left_open(strict):
    source = ON_SELF["parameter"]
    result = strict(source)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["socket  opened here and still open", f"*:{marked(suite(source))} *"])


def test_what_is_closed_by_teardown_functions_is_no_finding(strict):
    result = strict(
        """
        class TestPlain:
            def setup_method(self):
                self.file = open("closed.txt", "w")

            def teardown_method(self):
                self.file.close()

            def test_it(self):
                self.sock = socket.socket()
                self.sock.close()

        class TestUnittest(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.connection = sqlite3.connect(":memory:")
                cls.addClassCleanup(cls.connection.close)

            def setUp(self):
                self.file = open("closed.txt", "w")
                self.addCleanup(self.file.close)

            def test_it(self):
                self.other = open("closed.txt", "w")

            def tearDown(self):
                self.other.close()
        """
    )
    assert_silent(result, 2)


# -- log handlers


ROLLS_OVER = """
    def test_first():
        handler = logging.handlers.RotatingFileHandler("log.txt", maxBytes=1, backupCount=1)  # leak
        logging.getLogger("shop").addHandler(handler)
        logging.getLogger("shop").warning("one")

    def test_second():
        logging.getLogger("shop").warning("two")

    def test_third():
        handler = logging.getLogger("shop").handlers[0]
        logging.getLogger("shop").removeHandler(handler)
        {end}
    """


@pytest.mark.parametrize("mode", ["default", "strict"])
def test_a_handler_that_rolls_over_in_another_test_is_its_makers(run, mode):
    source = ROLLS_OVER.format(end="handler.close()")
    result = run(source, *(("--hygiene-strict",) if mode == "strict" else ()))
    tests = [(name, when) for name, when, _ in failures(result)]
    assert tests == ([("test_first", "teardown")] if mode == "strict" else [])
    result.stdout.fnmatch_lines([f"*file *test_suite.py:{marked(suite(source))} *"])


def test_a_handler_made_in_one_test_and_first_used_in_another_is_its_makers(strict):
    source = """
        def test_first():
            handler = logging.FileHandler("log.txt", delay=True)  # leak
            logging.getLogger("shop").addHandler(handler)

        def test_second():
            logging.getLogger("shop").warning("opens it")
        """
    result = strict(source)
    # Its test had been reported.
    assert "test_second" not in [name for name, _, _ in failures(result)]
    result.stdout.fnmatch_lines(
        ["outside tests:", "*found after *::test_first was reported:", f"*:{marked(suite(source))} *"]
    )


def test_a_session_fixtures_handler_may_roll_over_in_tests(strict):
    result = strict(
        """
        @pytest.fixture(scope="session")
        def log():
            handler = logging.handlers.RotatingFileHandler("log.txt", maxBytes=1, backupCount=1)
            log = logging.getLogger("shop")
            log.addHandler(handler)
            yield log
            log.removeHandler(handler)
            handler.close()

        @pytest.mark.parametrize("number", range(3))
        def test_logs(log, number):
            log.warning(number)
        """
    )
    assert_silent(result, 3)


# -- dropped later


DROPPED_LATER = """
    def test_first():
        kept.append(open("left.txt", "w"))  # leak

    def test_between():
        pass

    def test_later():
        kept.clear()
    """


def test_what_a_later_test_drops_is_a_session_finding_of_the_first(run):
    result = run(DROPPED_LATER)
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["outside tests:", "*found after *::test_first was reported:", f"*:{marked(suite(DROPPED_LATER))} *"]
    )


def test_what_was_dropped_since_is_no_longer_listed_as_open(run):
    run(DROPPED_LATER).stdout.no_fnmatch_line("still open after*")


def test_what_a_later_test_drops_is_reported_once_in_strict_mode(strict):
    result = strict(DROPPED_LATER)
    assert [(name, when) for name, when, _ in failures(result)] == [("test_first", "teardown")]
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


def test_of_two_that_are_left_at_one_line_one_is_dropped(run):
    result = run(
        """
        def test_first():
            for number in range(2):
                kept.append(open(f"left{number}.txt", "w"))

        def test_later():
            del kept[0]
        """
    )
    result.stdout.fnmatch_lines(
        ["hygiene: 1 leak outside tests", "still open after their owners ended: 1 (*"]
    )


def test_what_a_later_test_closes_stays_listed_and_fails_nothing(run):
    result = run(DROPPED_LATER.replace("kept.clear()", "kept.pop().close()"))
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 (*"])


# -- the test's own outcome, marks and modes


@pytest.mark.parametrize("mode", ["default", "strict"])
def test_what_tests_that_do_not_pass_leave_open_is_no_finding(run, mode):
    result = run(
        """
        def test_fails():
            kept.append(open("left.txt", "w"))
            assert False

        def test_skips():
            kept.append(socket.socket())
            pytest.skip("enough")

        @pytest.mark.xfail
        def test_is_expected_to_fail():
            kept.append(sqlite3.connect(":memory:"))
            assert False

        @pytest.fixture
        def broken():
            kept.append(socket.socket())
            raise RuntimeError("broken")

        def test_is_not_set_up(broken):
            pass

        def test_innocent():
            pass
        """,
        *(("--hygiene-strict",) if mode == "strict" else ()),
    )
    result.assert_outcomes(failed=1, skipped=1, xfailed=1, errors=1, passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_a_mark_allows_what_is_left_open(strict):
    result = strict(
        """
        @pytest.mark.allow_leak("socket", reason="the driver keeps it")
        def test_socket():
            kept.append(socket.socket())

        @pytest.mark.allow_leak(reason="known")
        def test_anything():
            kept.append(open("left.txt", "w"))

        @pytest.mark.allow_leak("file", match="left", reason="known")
        def test_by_name():
            kept.append(open("left.txt", "w"))

        @pytest.mark.allow_leak("file", match="right", reason="known")
        def test_by_another_name():
            kept.append(open("left.txt", "w"))

        @pytest.mark.allow_leak("file", reason="known")
        def test_another_kind():
            kept.append(socket.socket())
        """
    )
    # Two leaks, and two marks that cover nothing.
    result.assert_outcomes(passed=5, errors=4)
    assert [name for name, _, _ in failures(result)] == ["test_by_another_name", "test_another_kind"]
    result.stdout.fnmatch_lines(["allowed: 3 leaks"])


def test_a_mark_allows_what_a_later_test_drops(run):
    result = run(
        DROPPED_LATER.replace("def test_first", '@pytest.mark.allow_leak("file")\n    def test_first')
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["hygiene: no leaks", "allowed: 1 leak"])


def test_warn_lists_what_strict_would_fail(strict):
    source = "def test_it():\n    kept.append(open('left.txt', 'w'))  # leak\n"
    result = strict(source, "--hygiene=warn")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "hygiene: 1 leak in 1 test (warn: nothing fails)",
            f"*1 test  file *test_suite.py:{marked(suite(source))} *",
        ]
    )


def test_xfail_is_not_satisfied_by_what_is_left_open(strict):
    result = strict(
        """
        @pytest.mark.xfail
        def test_it():
            kept.append(open("left.txt", "w"))
        """
    )
    result.assert_outcomes(xpassed=1, errors=1)


def test_equal_sites_are_one_row_of_the_list(run):
    source = """
        @pytest.mark.parametrize("number", range(30))
        def test_many(number):
            kept.append(open("left.txt", "w"))  # leak
        """
    result = run(source)
    result.stdout.fnmatch_lines(
        [
            "still open after their owners ended: 30 (*",
            f"*30 x file *:{marked(suite(source))} *",
            "*first in *test_many?0?",
        ]
    )


# -- libraries


LIBRARY = """
import socket

opened = []

def pytest_runtest_call(item):
    opened.append(socket.socket())

def pytest_runtest_setup(item):
    opened.append(open(__file__))

def pytest_unconfigure():
    for each in opened:
        each.close()
"""

WITH_LIBRARY = {"site-packages/somelib.py": LIBRARY, "pytest.ini": "[pytest]\npythonpath = site-packages\n"}


def test_what_a_library_opens_in_its_own_hooks_is_nobodys(run_suite):
    result = run_suite(
        "def test_it():\n    pass\n",
        "--hygiene-strict",
        "-v",
        "-p",
        "somelib",
        files=WITH_LIBRARY,
        subprocess=True,
    )
    assert_silent(result, 1)


def test_what_a_library_opens_for_the_reader_is_the_readers(run_suite):
    files = {
        "site-packages/somelib.py": "import socket\n\ndef connect():\n    return socket.socket()\n",
        "pytest.ini": "[pytest]\npythonpath = site-packages\n",
    }
    source = "def test_it():\n    import somelib\n    kept.append(somelib.connect())  # leak\n"
    result = run_suite(suite(source), "--hygiene-strict", files={"conftest.py": CONFTEST, **files})
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["socket  *", f"    test_suite.py:{marked(suite(source))} *"])
