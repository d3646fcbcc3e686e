"""The benchmark's arithmetic, its refusals and its page; nothing here is timed."""

from __future__ import annotations

import gc
import json
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from benchmark import compare, page, plot, results, sources, stats
from benchmark.aims import aims, usage_ratios
from benchmark.instructions import total
from benchmark.measure import LIMIT_SECONDS, Outcome, RefusedError, Usage, environment, outcome, run
from benchmark.phases import PHASES
from benchmark.suites import SUITES, Suite
from benchmark.variants import VARIANTS

pytestmark = pytest.mark.once_a_python

PASSED = Outcome(0, {"passed": 3})


def usage(user: float, memory: float = 1000.0) -> Usage:
    return Usage(round(user, 4), 0.1, round(user + 0.2, 4), memory)


@pytest.fixture
def measured() -> results.Results:
    """Three rounds of a suite, two phases, one count."""
    rounds = [
        {"plain": usage(base), "hygiene": usage(base * ratio), "naive@20": usage(9.0), "plain@20": usage(3.0)}
        for base, ratio in ((1.0, 1.01), (2.0, 1.03), (1.5, 1.21))
    ]
    outcomes = {"plain": PASSED, "plain@20": PASSED, "hygiene": replace(PASSED, leaks=2), "naive@20": PASSED}
    pace = {"plain": [[1e-4, 1e-4]], "hygiene": [[1.2e-4, 1.5e-4]]}
    return results.Results(
        "2026-01-31",
        {"Python": "CPython 3.13.0", "pytest": "9.0.3"},
        {"flask": compare.Comparison(rounds, outcomes, pace)},
        {
            "empty": [{"plain": [0.1, 0.9], "hygiene": [0.11, 1.11]}],
            "start": [{"plain": [0.2], "hygiene": [0.203]}],
        },
        {"empty": {"plain": [1000, 201_000], "hygiene": [1500, 221_500]}},
    )


def test_a_ratio_is_of_the_same_round(measured):
    found = stats.ratios(
        [{k: u.user for k, u in r.items()} for r in measured.suites["flask"].rounds], "hygiene"
    )
    assert found.median == pytest.approx(1.03)
    assert (found.low, found.high) == (pytest.approx(1.02), pytest.approx(1.12))


def test_a_part_of_a_suite_has_its_own_base(measured):
    assert usage_ratios(measured.suites["flask"], "naive@20", "user") == stats.Spread(3.0, 3.0, 3.0)


def test_one_round_has_no_spread():
    assert stats.spread([1.5]) == stats.Spread(1.5, 1.5, 1.5)


def test_every_variant_has_every_place():
    keys = ["a", "b", "c"]
    orders = [stats.rotated(keys, number) for number in range(6)]
    assert all(sorted(order) == keys for order in orders)
    assert {order[0] for order in orders} == set(keys)


def test_extra_is_the_difference_of_differences():
    assert stats.extra({"plain": [1.0, 3.0], "hygiene": [1.5, 4.5]}, 10) == pytest.approx(0.1)
    assert stats.extra({"plain": [1.0], "hygiene": [1.5]}, 1) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("3 passed in 0.12s", {"passed": 3}),
        ("== 1 failed, 489 passed, 2 warnings in 101.30s (0:01:41) ==", {"failed": 1, "passed": 489}),
        ("2 passed, 3 subtests passed in 0.12s", {"passed": 2, "subtests passed": 3}),
    ],
)
def test_reads_the_last_line(line, counts):
    assert outcome(0, f"... [100%]\n{line}\nafter it\n") == Outcome(0, counts)


def test_reads_leaks():
    text = "hygiene: 2 leaks in 1 test (warn: nothing fails)\n3 passed in 0.12s\n"
    assert outcome(0, text) == Outcome(0, {"passed": 3}, 2)


def test_refuses_a_run_without_summary():
    with pytest.raises(RefusedError, match=r"exit 4.*no such option"):
        outcome(4, "ERROR: no such option")


def fake_runs(monkeypatch: pytest.MonkeyPatch, ended: dict[str, list[Outcome]]) -> None:
    """Each run of a variant takes its next outcome; the last one stays."""

    def run(suite, key, directory, work):
        left = ended.get(key, [PASSED])
        return usage(1.0), left.pop(0) if len(left) > 1 else left[0], []

    monkeypatch.setattr(compare, "_run", run)


def compared(tmp_path) -> compare.Comparison:
    suite = Suite("shop", "the shop's own", lambda work, tests: work)
    return compare.compare(suite, ["hygiene"], 2, tmp_path)


def test_the_warm_up_is_not_counted(monkeypatch, tmp_path):
    fake_runs(monkeypatch, {})
    found = compared(tmp_path)
    assert [sorted(each) for each in found.rounds] == [["hygiene", "plain"]] * 2


def test_refuses_rounds_that_end_differently(monkeypatch, tmp_path):
    fake_runs(monkeypatch, {"plain": [PASSED, PASSED, Outcome(0, {"passed": 2})]})
    with pytest.raises(RefusedError, match=r"shop, plain: round 2 ended with exit 0: 2 passed"):
        compared(tmp_path)


def test_refuses_a_suite_that_fails_by_itself(monkeypatch, tmp_path):
    fake_runs(monkeypatch, {"plain": [Outcome(1, {"passed": 2, "failed": 1})]})
    with pytest.raises(RefusedError, match="does not pass by itself"):
        compared(tmp_path)


def test_refuses_if_the_plugin_changes_outcomes_without_leaks(monkeypatch, tmp_path):
    fake_runs(monkeypatch, {"hygiene": [Outcome(1, {"passed": 2, "failed": 1})]})
    with pytest.raises(RefusedError, match="no leaks, but exit 1"):
        compared(tmp_path)
    fake_runs(monkeypatch, {"hygiene": [Outcome(1, {"passed": 2, "failed": 1}, leaks=1)]})
    assert compared(tmp_path).outcomes["hygiene"].leaks == 1


def test_few_tests_are_compared_with_as_few():
    suite = Suite("shop", "the shop's own", lambda work, tests: work, fewer={"naive": 20})
    assert compare.cells(suite, ["hygiene", "naive"]) == ["plain", "plain@20", "hygiene", "naive@20"]


def test_results_survive_json(measured):
    assert results.loads(results.dumps(measured)) == measured


def test_newer_results_replace_older(measured):
    newer = results.Results("2026-02-01", measured.machine, {}, {"start": measured.phases["start"] * 2})
    both = measured.update(newer)
    assert both.date == "2026-02-01"
    assert set(both.phases) == {"empty", "start"}
    assert len(both.phases["start"]) == 2
    assert measured.update(replace(newer, machine={"Python": "CPython 3.12.0"})).suites == {}


def test_aims(measured):
    found = {each.what: (each.measured, each.met) for each in aims(measured)}
    assert found["user CPU, Flask's own"] == ("1.03x", False)
    assert found["an empty test"] == ("50.0 µs", False)
    assert found[PHASES["start"].title] == ("3.0 ms", True)
    assert found["peak memory, the worst suite (Flask's own)"] == ("1.00x", True)
    last = found["20,000 empty tests: the last thousand against the first"]
    assert last == ("1.25x (without the plugin 1.00x)", False)


def test_page(measured):
    text = page.page(measured)
    assert "|  | hygiene | 3; 2 leaks found | 1.03x (1.02 to 1.12) | 1.03x | 1.00x |" in text
    assert "|  | naive | 3 | 3.00x (3.00 to 3.00) |" in text
    assert "| an empty test | 200.0 µs | 50.0 µs (50.0 to 50.0) | 25.0 % | 30 µs: **missed** |" in text
    assert "| an empty test | 1,000 | 100 | 1.100x |" in text
    assert "3 rounds" not in page.page(replace(measured, suites={}))
    widths = {
        block: {line.count("|") for line in block.splitlines()}
        for block in text.split("\n\n")
        if block[0] == "|"
    }
    assert all(len(counts) == 1 for counts in widths.values())


def test_page_of_nothing():
    assert "## Remarks" in page.page(results.Results("2026-01-31"))


def test_plot_is_xml_and_its_labels_keep_apart(measured):
    root = ElementTree.fromstring(plot.plot(measured))
    texts = [each for each in root if each.tag.endswith("text")]
    labels = [each.text for each in texts]
    assert "1.03x" in labels
    assert "3.00x (20 tests)" in labels
    boxes = []
    for each in texts:
        width = 6.5 * len(each.text or "")
        left = float(each.get("x", 0)) - {"name": width, "tick": width / 2}.get(each.get("class", ""), 0)
        boxes.append((left, left + width, float(each.get("y", 0))))
        assert left >= 0
        assert left + width <= plot.WIDTH
    for index, (left, right, y) in enumerate(boxes):
        assert not any(y == b and left < r and a < right for a, r, b in boxes[index + 1 :])


def test_total_of_callgrind():
    assert total("events: Ir\nsummary: 5\n\ntotals: 123456\n") == 123456
    with pytest.raises(RefusedError):
        total("events: Ir\n")


def test_heap_is_tracked_and_as_large_as_said():
    before = len(gc.get_objects())
    names: dict[str, object] = {}
    exec(sources.heap(4000), names)
    assert gc.isenabled()
    # Each instance has a dictionary of its own before Python 3.11; a few objects are the source's.
    made = len(gc.get_objects()) - before
    assert 4000 <= made <= (4100 if sys.version_info >= (3, 11) else 5100)


@pytest.mark.parametrize("name", PHASES)
def test_sources_compile(name):
    for file, text in PHASES[name].files(20).items():
        if file.endswith(".py"):
            compile(text, file, "exec")


def test_clock(run_suite, monkeypatch, tmp_path):
    clock = tmp_path / "clock.json"
    monkeypatch.setenv("BENCH_CLOCK", str(clock))
    monkeypatch.setenv("BENCH_PACE", "1")
    monkeypatch.setenv("BENCH_COLLECTOR", "1")
    callbacks = list(gc.callbacks)
    try:
        run_suite(files=sources.suite(sources.empty(2))).assert_outcomes(passed=2)
    finally:
        gc.callbacks[:] = callbacks
    found = json.loads(clock.read_text("utf-8"))
    assert found.keys() == {"begin", "end", "collector", "thousands"}
    assert found["begin"] < found["end"]
    assert len(found["thousands"]) == 1


def test_each_test_of_the_leaking_suite_leaks(run_suite):
    result = run_suite(files=sources.one_leak_each(4))
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.fnmatch_lines(["hygiene: 3 leaks in 3 tests", "still open after their owners ended: 1 *"])


def test_a_run_is_measured_in_a_clean_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTEST_ADDOPTS", "-x")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    kept = environment({}, "/tmp")
    assert not {"PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE"} & kept.keys()
    assert kept["PYTHONHASHSEED"] == "0"
    used, status, output = run(
        [sys.executable, "-S", "-c", "print('out'); raise SystemExit(3)"], tmp_path, {}
    )
    assert (status, output) == (3, "out\n")
    assert 0 <= used.cpu <= used.wall * 4 <= LIMIT_SECONDS
    assert used.memory > 1000


def test_what_is_compared_is_known():
    assert {variant for suite in SUITES.values() for variant in suite.fewer} <= VARIANTS.keys()
    assert VARIANTS[stats.BASE].pytest == ("-p", "no:flask_hygiene")
