"""Dropped resources: every kind, however it was held, in every style of test."""

from __future__ import annotations

import pytest
from every_kind import (
    CYCLE,
    DROPPED,
    IMPORTS,
    KINDS,
    OPENERS,
    every_kind,
    file_of,
    files_of,
    line_of,
    suite,
    summary_line,
)

pytest_plugins = ["outer_run", "shared_runs"]
pytestmark = pytest.mark.usefixtures("pythons_own_filters")


@every_kind
def test_a_dropped_resource_fails_its_test_at_its_line(run_once, kind):
    result = run_once(files=files_of(DROPPED))
    result.assert_outcomes(failed=KINDS, passed=KINDS)
    assert summary_line("FAILED", DROPPED, kind, "test_leaks") in result.outlines
    result.stdout.fnmatch_lines([f"{kind}  *", f"    {file_of(kind)}:* in test_leaks *"])


def test_a_dropped_resource_is_one_finding(run_once):
    result = run_once(files=files_of(DROPPED))
    result.stdout.fnmatch_lines(
        [*["hygiene: test_leaks left 1 resource open"] * KINDS, f"hygiene: {KINDS} leaks in {KINDS} tests"]
    )
    result.stdout.no_fnmatch_line("*times)*")


@every_kind
def test_a_resource_in_a_cycle_fails_its_own_test(run_once, kind):
    result = run_once(files=files_of(CYCLE))
    result.assert_outcomes(failed=KINDS, passed=KINDS)
    assert summary_line("FAILED", CYCLE, kind, "test_leaks") in result.outlines


FAILED_FRAME = """
def test_fails():
    resource = OPEN
    assert resource is None, "by itself"

def test_innocent():
    gc.collect()
"""


def test_what_a_failed_tests_frame_holds_is_no_finding(run_suite):
    result = run_suite(files=files_of(FAILED_FRAME))
    result.assert_outcomes(failed=KINDS, passed=KINDS)
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
def test_a_fixtures_value_is_an_error_at_the_teardown_of_its_test(run_once, kind):
    result = run_once(files=files_of(FIXTURE_VALUE))
    result.assert_outcomes(passed=2 * KINDS, errors=KINDS)
    assert summary_line("ERROR", FIXTURE_VALUE, kind, "test_uses") in result.outlines
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_uses*",
            "hygiene: function fixture 'resource' left 1 resource open",
            f"{kind}  *",
            f"*{file_of(kind)}:* in resource *",
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
def test_what_a_log_record_held_is_an_error_at_teardown(run_once, kind):
    # In this process the outer run's log handlers would hold the record, too.
    result = run_once(files=files_of(LOGGED), subprocess=True)
    result.assert_outcomes(passed=2 * KINDS, errors=KINDS)
    assert summary_line("ERROR", LOGGED, kind, "test_logs") in result.outlines
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_logs*",
            "hygiene: test_logs left 1 resource open",
            f"{kind}  *",
            f"*{file_of(kind)}:* in fails *",
        ]
    )


def test_a_closed_resource_is_no_finding(run_suite):
    close = {"tempdir": "cleanup", "subprocess": "wait"}
    closes = "def test_closes():\n    resource = OPEN\n    resource.CLOSE()\n"
    files = {
        file_of(kind): suite(closes.replace("CLOSE", close.get(kind, "close")), kind) for kind in OPENERS
    }
    result = run_suite(files=files)
    result.assert_outcomes(passed=KINDS)
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
def test_every_style_of_test_fails_at_its_line(run_suite, style):
    if style == "anyio":
        pytest.importorskip("anyio")
    source = STYLES[style] + "\ndef test_innocent():\n    pass\n"
    result = run_suite(files=files_of(source), with_plugins=("anyio",))
    result.assert_outcomes(failed=KINDS, passed=(2 if style == "parametrized" else 1) * KINDS)
    for kind in OPENERS:
        line = line_of(suite(source, kind), kind)
        result.stdout.fnmatch_lines([f"{kind}  *", f"    {file_of(kind)}:{line} *in test_leaks *"])


def test_a_doctest_file_fails(run_suite):
    imports = "".join(f">>> {row}\n" for row in IMPORTS.splitlines())
    files = {}
    for kind, opener in OPENERS.items():
        opener = opener.replace("__file__", "pytest.__file__")
        files[f"test_{kind}.txt"] = f"{imports}>>> resource = {opener}\n>>> del resource\n"
    result = run_suite(files=files)
    result.assert_outcomes(failed=KINDS)
    for kind in OPENERS:
        result.stdout.fnmatch_lines([f"{kind}  *", f"FAILED test_{kind}.txt::test_{kind}.txt*"])


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
