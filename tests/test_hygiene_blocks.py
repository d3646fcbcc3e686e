"""``hygiene.allow()``: where its block begins and ends, and what it takes."""

from __future__ import annotations

import pytest


def test_what_was_made_behind_the_block_in_a_block_around_it_is_not_allowed(run_suite):
    suite = """
    import contextlib

    def test_it(hygiene):
        with contextlib.nullcontext():
            with hygiene.allow("cycle"):
                pass
            try:
                raise KeyError
            except KeyError as e:
                error = e
    """
    result = run_suite(suite, "--hygiene-strict")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("allowed: *")


@pytest.mark.parametrize("head", ['with hygiene.allow("cycle"):', 'with (\n    hygiene.allow("cycle"),\n):'])
def test_what_was_made_in_the_block_is_allowed(run_suite, head):
    body = ["try:", "    raise KeyError", "except KeyError as e:", "    error = e"]
    lines = [*head.split("\n"), *(f"    {line}" for line in body)]
    suite = "def test_it(hygiene):\n" + "\n".join(f"    {line}" for line in lines)
    result = run_suite(suite, "--hygiene-strict")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["allowed: 1 leak"])


@pytest.mark.parametrize("use", ["check()", "findings", "allow('file')"])
def test_after_its_test_the_fixture_says_so(run_suite, use):
    suite = f"""
    kept = []

    def test_first(hygiene):
        kept.append(hygiene)

    def test_second():
        kept[0].{use}
    """
    result = run_suite(suite)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*RuntimeError: hygiene: * test_suite.py::test_first, which has ended*"])


def test_bytes_are_no_regular_expression(run_suite):
    result = run_suite("def test_it(hygiene):\n    hygiene.allow(match=b'left')\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *TypeError: hygiene.allow: match=b'left' is not a regular expression: bytes can't be *"]
    )
