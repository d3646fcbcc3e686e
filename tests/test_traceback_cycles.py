"""Cycles of a traceback whose exception is gone: nothing but a frame's variable refers to the traceback."""

from __future__ import annotations

from textwrap import dedent

import pytest
from reading_runs import marked

TEST = "import shop\n\ndef test_it():\n    shop.order()\n"


def shop(body: str) -> str:
    return "import sys\n\n" + dedent(body)


KEEPS = shop(
    """
    def order():
        try:
            raise ConnectionError("no answer")
        except ConnectionError:
            traceback = sys.exc_info()[2]  # leak
    """
)


def test_the_application_that_keeps_a_traceback_is_charged_at_the_line_that_keeps_it(run_suite):
    result = run_suite(TEST, files={"shop.py": KEEPS})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "hygiene: test_it left 1 traceback in a cycle",
            "cycle  a traceback is kept alive by traceback in order",
            f"    shop.py:{marked(KEEPS)} *in order *",
            "    what keeps it alive:",
            "      +-> traceback in order() *",
            "      +-- traceback * the same traceback",
            "fix: do not keep a traceback in traceback, for it refers to the frame: delete it in *",
        ]
    )


def test_one_of_a_frame_farther_in_is_charged_to_the_frame_that_keeps_it(run_suite):
    source = shop(
        """
        def send():
            raise ConnectionError("no answer")

        def order():
            try:
                send()
            except ConnectionError:
                kept = {"traceback": sys.exc_info()[2]}  # leak
        """
    )
    result = run_suite(TEST, files={"shop.py": source})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"    shop.py:{marked(source)} *in order *"])


@pytest.mark.parametrize(
    "mended",
    ["del traceback", "traceback = None", "traceback = traceback.tb_next"],
)
def test_the_mended_application_passes(run_suite, mended):
    source = KEEPS.rstrip() + f"\n            {mended}\n".replace("            ", "        ")
    result = run_suite(TEST, "--hygiene-strict", files={"shop.py": source})
    result.assert_outcomes(passed=1)
    assert "hygiene: no leaks" in result.outlines


def test_a_variable_that_has_the_exception_too_is_one_finding(run_suite):
    source = KEEPS.replace("sys.exc_info()[2]", "sys.exc_info()")
    result = run_suite(TEST, files={"shop.py": source})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_it left 1 exception in a cycle", "hygiene: 1 leak in 1 test"])


def test_one_beside_a_frameworks_cycle_is_found(run_suite):
    source = KEEPS + dedent(
        """
        from flask import Flask

        app = Flask(__name__)

        @app.get("/order")
        def view():
            order()
            return "ordered"
        """
    )
    test = """
    import shop

    def test_it():
        client = shop.app.test_client()
        assert client.get("/order").status_code == 200
        assert client.get("/nowhere").status_code == 404
    """
    result = run_suite(test, files={"shop.py": source})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "cycle  a traceback is kept alive by traceback in order",
            "hygiene: 1 leak in 1 test",
        ]
    )


def test_one_that_test_code_keeps_is_noted(run_suite):
    test = KEEPS.replace("def order()", "def test_it()")
    result = run_suite(test)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["exception cycles made by test code: 1 *"])
    run_suite(test, "--hygiene-strict").assert_outcomes(failed=1)


def test_one_that_a_library_keeps_is_no_finding(run_suite):
    files = {
        "site-packages/somelib.py": KEEPS.replace("raise Conn", "callback()\n        raise Conn").replace(
            "order()", "order(callback=int)"
        ),
        "pytest.ini": "[pytest]\npythonpath = site-packages\n",
    }
    test = "import somelib\n\ndef test_it():\n    somelib.order()\n"
    result = run_suite(test, "--hygiene-strict", files=files)
    result.assert_outcomes(passed=1)
    assert "hygiene: no leaks" in result.outlines


def test_pytests_own_are_no_finding(run_suite):
    test = """
    import pytest

    def test_it():
        with pytest.raises(ZeroDivisionError) as info:
            1 / 0
        traceback = info.tb
    """
    run_suite(test, "--hygiene-strict").assert_outcomes(passed=1)
