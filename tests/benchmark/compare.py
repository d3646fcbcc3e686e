"""Whole runs of a suite, every variant once in each round."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .measure import Outcome, RefusedError, Usage, outcome, pytest_command, run, say
from .stats import BASE, base_of, cell, rotated, split
from .suites import Suite
from .variants import VARIANTS


@dataclass
class Comparison:
    rounds: list[dict[str, Usage]] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    #: Per variant and round: seconds per test in each thousand of tests.
    pace: dict[str, list[list[float]]] = field(default_factory=dict)


def cells(suite: Suite, variants: Sequence[str]) -> list[str]:
    """What a round of the suite runs, each variant with its base."""
    wanted = [cell(variant, suite.fewer.get(variant)) for variant in variants]
    return list(dict.fromkeys([*map(base_of, wanted), *wanted]))


def compare(suite: Suite, variants: Sequence[str], rounds: int, work: Path) -> Comparison:
    result = Comparison()
    keys = cells(suite, variants)
    sizes = {split(key)[1] for key in keys}
    directories = {tests: suite.prepare(work, tests) for tests in sizes}
    # Round 0 is the warm-up: it fills the bytecode caches, and shows early whether the suite works at all.
    for number in range(rounds + 1):
        usages = {}
        for key in rotated(keys, number):
            usage, ended, thousands = _run(suite, key, directories[split(key)[1]], work)
            say(
                f"{suite.name} {f'round {number} of {rounds}' if number else 'warm-up'}, {key}: "
                f"user {usage.user:.2f} s, system {usage.system:.2f} s, wall {usage.wall:.2f} s, "
                f"{usage.memory / 1024:.0f} MiB; {ended}"
            )
            check_repeats(suite.name, key, number, ended, result.outcomes.setdefault(key, ended))
            usages[key] = usage
            if thousands and number:
                result.pace.setdefault(key, []).append(thousands)
        check_variants(suite.name, result.outcomes)
        if number:
            result.rounds.append(usages)
    return result


def _run(suite: Suite, key: str, directory: Path, work: Path) -> tuple[Usage, Outcome, list[float]]:
    variant = VARIANTS[split(key)[0]]
    clock = work / "clock.json"
    clock.unlink(missing_ok=True)
    more = {"BENCH_PACE": "1", "BENCH_CLOCK": str(clock)} if suite.pace else {}
    command = pytest_command(variant.python, (*suite.options, *variant.pytest))
    usage, status, output = run(command, directory, {**variant.environment, **more})
    thousands = json.loads(clock.read_text("utf-8"))["thousands"] if suite.pace else []
    return usage, outcome(status, output), thousands


def check_repeats(suite: str, key: str, number: int, ended: Outcome, first: Outcome) -> None:
    if ended != first:
        raise RefusedError(
            f"{suite}, {key}: round {number} ended with {ended}, {ended.leaks} leaks, "
            f"the warm-up with {first}, {first.leaks} leaks"
        )


def check_variants(suite: str, outcomes: Mapping[str, Outcome]) -> None:
    """The base passes; with our plugin the tests end alike, unless it found something."""
    for key, ended in outcomes.items():
        variant, tests = split(key)
        base = outcomes[base_of(key)]
        if variant == BASE and (ended.status or not ended.counts.get("passed")):
            raise RefusedError(f"{suite}, {key}: the suite does not pass by itself: {ended}")
        if VARIANTS[variant].ours and not ended.leaks and not ended.same_tests(base):
            raise RefusedError(f"{suite}, {key}: no leaks, but {ended}; without the plugin {base}")
        if tests and ended.counts.get("passed") != tests:
            raise RefusedError(f"{suite}, {key}: {tests} tests were to pass: {ended}")
