"""Ratios of runs within a round, and how far they lie apart."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BASE = "plain"


@dataclass(frozen=True)
class Spread:
    """A median over rounds, and the quartiles around it."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


def cell(variant: str, tests: int | None = None) -> str:
    """What a round measures: a variant, or a variant on a part of the suite's tests."""
    return variant if tests is None else f"{variant}@{tests}"


def split(key: str) -> tuple[str, int | None]:
    variant, at, tests = key.partition("@")
    return variant, int(tests) if at else None


def base_of(key: str) -> str:
    """The run to compare with: without any plugin, and on as many tests."""
    return cell(BASE, split(key)[1])


def ratios(rounds: Sequence[Mapping[str, float]], key: str) -> Spread:
    """Each round is compared with its own base, so that what slows a whole round down cancels out."""
    return spread([each[key] / each[base_of(key)] for each in rounds])


def rotated(keys: Sequence[str], number: int) -> list[str]:
    """The order of a round: each key has each place in turn, and neighbours change too."""
    start = number % len(keys)
    order = [*keys[start:], *keys[:start]]
    return order if number % 2 == 0 else order[::-1]


def extra(pairs: Mapping[str, Sequence[float]], units: int) -> float:
    """What one unit costs more with the plugin: ``pairs`` has a small and a large suite's time, or only one.

    What is the same in the small and in the large suite (start-up, the first test) cancels out.
    """
    return (_growth(pairs["hygiene"]) - _growth(pairs[BASE])) / units


def unit(pairs: Mapping[str, Sequence[float]], units: int) -> float:
    """What one unit costs without the plugin."""
    return _growth(pairs[BASE]) / units


def _growth(sizes: Sequence[float]) -> float:
    return sizes[-1] - (sizes[0] if len(sizes) > 1 else 0.0)
