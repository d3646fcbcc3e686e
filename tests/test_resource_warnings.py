"""Dropped resources: every kind, however it was held, in every style of test."""

from __future__ import annotations

from textwrap import dedent

import pytest

pytest_plugins = ["outer_run"]
pytestmark = pytest.mark.usefixtures("pythons_own_filters")

IMPORTS = "import asyncio, gc, logging, socket, sqlite3, subprocess, sys, tempfile, warnings\nimport pytest\n"

OPENERS = {
    "file": "open(__file__)",
    "socket": "socket.socket()",
    "sqlite": "sqlite3.connect(':memory:')",
    "subprocess": "subprocess.Popen([sys.executable, '-c', 'pass'])",
    "tempdir": "tempfile.TemporaryDirectory()",
    "event-loop": "asyncio.new_event_loop()",
}

every_kind = pytest.mark.parametrize("kind", OPENERS)


def suite(source: str, kind: str = "file") -> str:
    """OPEN in ``source`` opens a resource of this kind."""
    return IMPORTS + dedent(source).replace("OPEN", OPENERS[kind])


def line_of(text: str, kind: str = "file") -> int:
    """The line that opens the resource."""
    return 1 + text.splitlines().index(next(row for row in text.splitlines() if OPENERS[kind] in row))


DROPPED = """
def test_leaks():
    resource = OPEN

def test_innocent():
    pass
"""


@every_kind
def test_a_dropped_resource_fails_its_test(run_suite, kind):
    run_suite(suite(DROPPED, kind)).assert_outcomes(failed=1, passed=1)


@every_kind
def test_a_dropped_resource_is_reported_at_its_line(run_suite, kind):
    text = suite(DROPPED, kind)
    result = run_suite(text)
    result.stdout.fnmatch_lines([f"{kind}  *", f"*test_suite.py:{line_of(text, kind)} *in test_leaks *"])


@every_kind
def test_a_dropped_resource_is_one_finding(run_suite, kind):
    result = run_suite(suite(DROPPED, kind))
    result.stdout.fnmatch_lines(["hygiene: test_leaks left 1 resource open", "hygiene: 1 leak in 1 test"])


CYCLE = """
def test_leaks():
    ring = [OPEN]
    ring.append(ring)

def test_innocent():
    pass
"""


@every_kind
def test_a_resource_in_a_cycle_fails_its_own_test(run_suite, kind):
    text = suite(CYCLE, kind)
    result = run_suite(text)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines([f"{kind}  *", f"*test_suite.py:{line_of(text, kind)} *in test_leaks *"])


FAILED_FRAME = """
def test_fails():
    resource = OPEN
    assert resource is None, "by itself"

def test_innocent():
    gc.collect()
"""


@every_kind
def test_what_a_failed_tests_frame_holds_is_no_finding(run_suite, kind):
    result = run_suite(suite(FAILED_FRAME, kind))
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])
    result.stdout.no_fnmatch_line("*also left open*")


def test_what_a_failed_test_dropped_before_is_listed_with_it(run_suite):
    result = run_suite(
        suite(
            """
            def test_fails():
                OPEN
                assert 0, "by itself"
            """
        )
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*by itself*", "*hygiene: also left open*", "*test_suite.py:5 *in test_fails *"]
    )


FIXTURE_VALUE = """
@pytest.fixture
def resource():
    return OPEN

def test_uses(resource):
    assert resource

def test_innocent():
    pass
"""


@every_kind
def test_a_fixtures_value_is_an_error_at_the_teardown_of_its_test(run_suite, kind):
    text = suite(FIXTURE_VALUE, kind)
    result = run_suite(text)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_uses*",
            "hygiene: function fixture 'resource' left 1 resource open",
            f"*test_suite.py:{line_of(text, kind)} *in resource *",
        ]
    )


LOGGED = """
def fails():
    resource = OPEN
    raise ValueError

def test_logs():
    try:
        fails()
    except ValueError:
        logging.getLogger("shop").exception("caught")

def test_innocent():
    pass
"""


@every_kind
def test_what_a_log_record_held_is_an_error_at_teardown(run_suite, kind):
    text = suite(LOGGED, kind)
    # In this process the outer run's log handlers would hold the record, too.
    result = run_suite(text, subprocess=True)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_logs*",
            "hygiene: test_logs left 1 resource open",
            f"*test_suite.py:{line_of(text, kind)} *in fails *",
        ]
    )


@every_kind
def test_a_closed_resource_is_no_finding(run_suite, kind):
    close = {"tempdir": "cleanup", "subprocess": "wait"}.get(kind, "close")
    result = run_suite(suite(f"def test_closes():\n    resource = OPEN\n    resource.{close}()\n", kind))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


WARNERS = {
    "call": 'def test_leaks():\n    warnings.warn("unclosed pool", ResourceWarning)\n',
    "finalizer": """
class Pool:
    def __del__(self):
        warnings.warn("unclosed pool", ResourceWarning, source=self)

def test_leaks():
    Pool()
""",
}


@pytest.mark.parametrize("where", WARNERS)
def test_any_other_resource_warning_fails_its_test(run_suite, where):
    result = run_suite(suite(WARNERS[where] + "\ndef test_innocent():\n    pass\n"))
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["other  *", "*unclosed pool*", "*test_suite.py:* in test_leaks *"])


@pytest.mark.parametrize("held", ["dropped", "in a cycle", "waited for"])
def test_a_subprocess_with_pipes_is_one_finding(run_suite, held):
    body = {
        "dropped": "POPEN",
        "in a cycle": "ring = [POPEN]\n    ring.append(ring)",
        "waited for": "process = POPEN\n    process.wait()",
    }[held].replace("POPEN", "subprocess.Popen([sys.executable, '-c', ''], stdin=-1, stdout=-1, stderr=-1)")
    result = run_suite(suite(f"def test_leaks():\n    {body}\n"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_leaks left 1 resource open", "subprocess  *"])


def test_several_of_one_line_are_one_finding_with_a_count(run_suite):
    result = run_suite(suite("def test_leaks():\n    for _ in range(3):\n        OPEN\n"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_leaks left 3 resources open", "file  *(3 times)"])


# -- every style of test

STYLES = {
    "class": "class TestShop:\n    def test_leaks(self):\n        OPEN\n",
    "unittest": (
        "import unittest\nclass TestShop(unittest.TestCase):\n    def test_leaks(self):\n        OPEN\n"
    ),
    "async unittest": (
        "import unittest\nclass TestShop(unittest.IsolatedAsyncioTestCase):\n"
        "    async def test_leaks(self):\n        OPEN\n"
    ),
    "parametrized": (
        "@pytest.mark.parametrize('n', [0, 1])\ndef test_leaks(n):\n    if n:\n        return\n    OPEN\n"
    ),
    "anyio": (
        "@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n\n"
        "@pytest.mark.anyio\nasync def test_leaks():\n    OPEN\n"
    ),
}


@pytest.mark.parametrize("style", STYLES)
@every_kind
def test_every_style_of_test_fails_at_its_line(run_suite, style, kind):
    if style == "anyio":
        pytest.importorskip("anyio")
    text = suite(STYLES[style] + "\ndef test_innocent():\n    pass\n", kind)
    result = run_suite(text)
    result.assert_outcomes(failed=1, passed=2 if style == "parametrized" else 1)
    result.stdout.fnmatch_lines([f"*test_suite.py:{line_of(text, kind)} *in test_leaks *"])


@every_kind
def test_a_doctest_file_fails(run_suite, kind):
    imports = "".join(f">>> {row}\n" for row in IMPORTS.splitlines())
    opener = OPENERS[kind].replace("__file__", "pytest.__file__")
    result = run_suite(files={"test_doc.txt": f"{imports}>>> resource = {opener}\n>>> del resource\n"})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"{kind}  *"])


def test_what_an_attribute_of_a_unittest_holds_is_an_error_at_teardown(run_suite):
    text = suite(
        """
        import unittest

        class TestShop(unittest.TestCase):
            def setUp(self):
                self.resource = OPEN

            def test_it(self):
                pass
        """
    )
    result = run_suite(text)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["*ERROR at teardown of *test_it*", f"*test_suite.py:{line_of(text)} *in setUp *"]
    )
