"""What the summary says of the checks' own cost."""

from __future__ import annotations

import re

import pytest

from pytest_flask_hygiene.cost import COLLECTIONS, CYCLES, START, Cost

PASSES = "def test_one():\n    pass\n\ndef test_two():\n    pass\n"
LEAKS = "import socket\n\ndef test_it():\n    kept = [socket.socket()]\n    kept.append(kept)\n"


@pytest.mark.parametrize("source", [PASSES, LEAKS], ids=["no leaks", "leaks"])
def test_the_summary_says_once_what_the_checks_took(run_suite, source):
    result = run_suite(source)
    assert len(re.findall(r"^checks: \d+\.\d\d s, \d+ % of the run", result.stdout.str(), re.MULTILINE)) == 1


def test_a_quiet_run_is_told_nothing(run_suite):
    result = run_suite(PASSES, "-q")
    result.stdout.no_fnmatch_line("checks:*")


def test_with_xdist_the_workers_work_is_added_up(run_suite):
    result = run_suite(PASSES, "-n2", with_plugins=("xdist",))
    result.stdout.fnmatch_lines(["checks: *s, * % of the run*"])


def cost_of(seconds: float, run: float, **parts: float) -> Cost:
    cost = Cost()
    cost.add_data({"seconds": seconds, "run": run, "parts": parts})
    return cost


def test_the_share_is_that_of_all_processes():
    cost = cost_of(0.5, 10.0)
    cost.add_data({"seconds": 1.5, "run": 10.0, "parts": {}})
    assert cost.line() == "checks: 2.00 s, 10 % of the run"


def test_a_high_cost_comes_with_its_reason():
    cost = cost_of(3.0, 20.0, **{START: 0.1, COLLECTIONS: 2.0, CYCLES: 0.4})
    assert cost.is_high
    assert cost.line() == (
        "checks: 3.00 s, 15 % of the run, mostly collections after the tests (2.00 s): "
        "each test makes many objects, which a fixture of wider scope would make once"
    )


@pytest.mark.parametrize(("seconds", "run"), [(0.4, 1.0), (5.0, 101.0)], ids=["short run", "small share"])
def test_a_low_cost_comes_without(seconds, run):
    cost = cost_of(seconds, run, **{COLLECTIONS: seconds})
    assert not cost.is_high
    assert "mostly" not in cost.line()


def test_parts_of_several_processes_are_added():
    cost = cost_of(1.0, 2.0, **{COLLECTIONS: 0.6})
    cost.add_data({"seconds": 1.0, "run": 2.0, "parts": {COLLECTIONS: 0.5, CYCLES: 0.2}})
    assert "mostly collections after the tests (1.10 s)" in cost.line()


def test_the_share_is_at_most_the_whole():
    cost = Cost()
    cost.seconds = 1.0
    cost.add_data({"seconds": 0.5, "run": 0.6, "parts": {}})
    assert cost.line() == "checks: 1.50 s, 100 % of the run"
