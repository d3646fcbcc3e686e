"""What was aimed at, and whether it was reached."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from .compare import Comparison
from .phases import PHASES, Phase, Round
from .results import Results
from .stats import Spread, extra, ratios, split, spread, unit
from .suites import SUITES

MEMORY = 1.05
#: "Independent of" and "as fast as": no more than this apart.
SAME = 1.05


@dataclass(frozen=True)
class Aim:
    what: str
    aim: str
    measured: str
    met: bool


def usage_ratios(comparison: Comparison, key: str, what: str) -> Spread:
    """``what``: a field of Usage."""
    return ratios([{each: getattr(usage, what) for each, usage in r.items()} for r in comparison.rounds], key)


def phase_extra(phase: Phase, rounds: list[Round]) -> Spread:
    return spread([extra(each, phase.units) / phase.scale for each in rounds])


def phase_plain(phase: Phase, rounds: list[Round]) -> Spread:
    return spread([unit(each, phase.units) / phase.scale for each in rounds])


def phase_percent(phase: Phase, rounds: list[Round]) -> Spread:
    return spread([100 * extra(each, phase.units) / unit(each, phase.units) for each in rounds])


def last_to_first(rounds: list[list[float]]) -> Spread:
    """Of the thousands of tests; each round by itself."""
    return spread([each[-1] / each[0] for each in rounds])


def aims(results: Results) -> list[Aim]:
    """Of what was measured.  A median counts as it is shown, rounded."""
    return [*_of_suites(results), *_of_phases(results), *_of_growth(results)]


def _of_suites(results: Results) -> list[Aim]:
    found = []
    memory = {}
    for name, comparison in results.suites.items():
        for key in comparison.outcomes:
            if split(key)[0] != "hygiene":
                continue
            suite = SUITES[name]
            if suite.aim is not None:
                user = usage_ratios(comparison, key, "user").median
                what = f"user CPU, {suite.title}"
                found.append(Aim(what, f"{suite.aim:.2f}x", f"{user:.2f}x", round(user, 2) <= suite.aim))
            memory[suite.title] = usage_ratios(comparison, key, "memory").median
    if memory:
        title, most = max(memory.items(), key=lambda item: item[1])
        what = f"peak memory, the worst suite ({title})"
        found.append(Aim(what, f"{MEMORY:.2f}x", f"{most:.2f}x", round(most, 2) <= MEMORY))
    return found


def _of_phases(results: Results) -> list[Aim]:
    found = []
    for name, rounds in results.phases.items():
        phase = PHASES[name]
        if phase.aim is not None:
            median = phase_extra(phase, rounds).median
            measured = f"{median:.1f} {phase.unit}"
            found.append(
                Aim(phase.title, f"{phase.aim:g} {phase.unit}", measured, round(median, 1) <= phase.aim)
            )
        if phase.aim_percent is not None:
            median = phase_percent(phase, rounds).median
            met = round(median, 1) <= phase.aim_percent
            found.append(Aim(phase.title, f"{phase.aim_percent:g} %", f"{median:.1f} %", met))
    return found


def _of_growth(results: Results) -> list[Aim]:
    found = []
    if "heap-0" in results.phases:
        without = phase_extra(PHASES["heap-0"], results.phases["heap-0"]).median
        for name in ("heap-50k", "heap-500k", "heap-5m"):
            if name in results.phases:
                growth = phase_extra(PHASES[name], results.phases[name]).median / without
                what = f"what the plugin adds to {PHASES[name].title}: against no heap"
                found.append(Aim(what, f"{SAME:.2f}x", f"{growth:.2f}x", round(growth, 2) <= SAME))
    for comparison in results.suites.values():
        if "hygiene" in comparison.pace:
            growth = last_to_first(comparison.pace["hygiene"]).median
            plain = statistics.median(each[-1] / each[0] for each in comparison.pace["plain"])
            what = "20,000 empty tests: the last thousand against the first"
            measured = f"{growth:.2f}x (without the plugin {plain:.2f}x)"
            found.append(Aim(what, f"{SAME:.2f}x", measured, round(growth, 2) <= SAME))
    return found
