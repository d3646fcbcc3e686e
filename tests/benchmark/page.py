"""docs/cost.md, from the results."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from .aims import Aim, aims, last_to_first, phase_extra, phase_percent, phase_plain, usage_ratios
from .compare import Comparison
from .instructions import COUNTED
from .phases import PHASES
from .results import Results
from .stats import BASE, Spread, base_of, extra, split, unit
from .suites import SUITES
from .variants import VARIANTS

_HEAD = """\
<!-- Written by "tox -e bench -- --write" (or "--render"); remarks belong into cost_remarks.md. -->

# What it costs

"""

_HOW = """\
## How it is measured

`tox -e bench` runs whole pytest processes, one at a time, with and without the plugin, and reads what the
kernel says each of them used. A round runs every variant once, in an order that changes from round to round,
and a run is compared only with the run without the plugin of the *same* round. Shown is the median of these
ratios, and in brackets their quartiles. A run before the first round fills the bytecode caches and is not
counted.

The tests must end alike in every round, and with the plugin as without it, or nothing is reported.

Smaller things are the difference of two differences: with and without the plugin, of a large and a small
suite, in processor time (user and system), so that what happens once per run cancels out.

"""

_REMARKS = """\
## Remarks

```{include} cost_remarks.md
```
"""

_FEWER = """\
Where a variant would take too long on all tests it runs on fewer, and is compared with a run of as many
without the plugin: on all of them its ratio would be larger.

"""

_PLOT = """\
![User CPU of whole test suites, each variant against the run without a plugin](cost.svg)

"""


def page(results: Results) -> str:
    suites = _suites(results, _PLOT)
    return _HEAD + _facts(results) + _aims(results) + _HOW + suites + _rest(results) + _REMARKS


def tables(results: Results) -> str:
    """The numbers alone."""
    return _facts(results) + _aims(results) + _suites(results, "") + _rest(results)


def _rest(results: Results) -> str:
    return _pace(results) + _phases(results) + _instructions(results)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n\n"


def _facts(results: Results) -> str:
    unnamed = ("Python", "processor", "system")
    facts = [value if name in unnamed else f"{name} {value}" for name, value in results.machine.items()]
    counts = [len(each.rounds) for each in results.suites.values()] + [*map(len, results.phases.values())]
    if counts:
        rounds = " to ".join(dict.fromkeys((str(min(counts)), str(max(counts)))))
        facts.append("1 round" if rounds == "1" else f"{rounds} rounds")
    return f"Measured on {results.date}: {'; '.join(facts)}.\n\n"


def _aims(results: Results) -> str:
    found = aims(results)
    if not found:
        return ""
    rows = [(each.what, each.aim, each.measured, _word(each)) for each in found]
    return "## Aims\n\n" + table(("with the plugin", "at most", "measured", ""), rows)


def _word(aim: Aim) -> str:
    return "met" if aim.met else "**missed**"


def _ratio(value: Spread) -> str:
    return f"{value.median:.2f}x ({value.low:.2f} to {value.high:.2f})"


def _suites(results: Results, plot: str) -> str:
    if not results.suites:
        return ""
    seen = {_variant(key) for each in results.suites.values() for key in each.outcomes}
    variants = [name for name in VARIANTS if name in seen]
    text = "## Whole suites\n\n"
    text += "".join(f"- **{name}**: {VARIANTS[name].what}\n" for name in variants) + "\n" + plot
    rows = [row for name, each in results.suites.items() for row in _rows(name, each)]
    text += table(("suite", "variant", "tests passed", "user CPU", "wall", "peak memory"), rows)
    noted = [SUITES[name] for name in results.suites if SUITES[name].note]
    notes = "".join(f"- {suite.title}: {suite.note}.\n" for suite in noted)
    if any(split(key)[1] is not None for each in results.suites.values() for key in each.outcomes):
        text += _FEWER
    return text + (f"Left out:\n\n{notes}\n" if notes else "")


def _variant(key: str) -> str:
    return split(key)[0]


def _rows(name: str, comparison: Comparison) -> Iterable[tuple[str, ...]]:
    """The whole suite's runs first, then those on a part of its tests."""
    title = SUITES[name].title
    keys = list(comparison.outcomes)
    for key in sorted(keys, key=lambda key: (-(split(key)[1] or 10**9), keys.index(key))):
        ended = comparison.outcomes[key]
        tests = f"{ended.counts.get('passed', 0):,}"
        if others := ", ".join(f"{n} {word}" for word, n in ended.counts.items() if word not in _USUAL):
            tests += f" ({others})"
        if ended.leaks:
            tests += f"; {ended.leaks} leak{'s' * (ended.leaks > 1)} found"
        if key == base_of(key):
            used = [
                statistics.median(getattr(each[key], what) for each in comparison.rounds) for what in _USED
            ]
            cells = (f"{used[0]:.2f} s", f"{used[1]:.2f} s", f"{used[2] / 1024:.0f} MiB")
        else:
            user, wall, memory = (usage_ratios(comparison, key, what) for what in _USED)
            cells = (_ratio(user), f"{wall.median:.2f}x", f"{memory.median:.2f}x")
        yield (title, _variant(key), tests, *cells)
        title = ""


_USED = ("user", "wall", "memory")
_USUAL = ("passed", "skipped", "deselected")


def _pace(results: Results) -> str:
    text = ""
    for name, comparison in results.suites.items():
        rows = []
        for key, rounds in comparison.pace.items():
            if split(key)[1] is not None:
                continue
            means = [1e6 * statistics.median(column) for column in zip(*rounds, strict=True)]
            chosen = [means[index] for index in (0, len(means) // 4, len(means) // 2, len(means) - 1)]
            rows.append((key, *(f"{each:.0f} µs" for each in chosen), _ratio(last_to_first(rounds))))
        if rows:
            count = len(means)
            ordinals = ("first", f"{count // 4 + 1}th", f"{count // 2 + 1}th", "last")
            head = ("variant", *(f"{each} thousand" for each in ordinals), "last to first")
            text += "### A test by the number of tests before it\n\n"
            text += f"{SUITES[name].title}, processor time per test:\n\n"
            text += table(head, rows)
    return text


def _phases(results: Results) -> str:
    rows = []
    judged = {each.what: f"{each.aim}: {_word(each)}" for each in aims(results)}
    for name, rounds in results.phases.items():
        phase = PHASES[name]
        more = phase_extra(phase, rounds)
        plain = phase_plain(phase, rounds).median
        percent = "" if phase.part == "collector" else f"{phase_percent(phase, rounds).median:.1f} %"
        spread = f"{more.median:.1f} {phase.unit} ({more.low:.1f} to {more.high:.1f})"
        rows.append((phase.title, f"{plain:.1f} {phase.unit}", spread, percent, judged.get(phase.title, "")))
    if not rows:
        return ""
    return "## One test, one request, one open\n\n" + table(
        ("what", "without the plugin", "the plugin adds", "which is", "at most"), rows
    )


def _instructions(results: Results) -> str:
    rows = []
    for name, counts in results.instructions.items():
        counted = COUNTED[name]
        plain, more = unit(counts, counted.units), extra(counts, counted.units)
        rows.append((counted.title, f"{plain:,.0f}", f"{more:,.0f}", f"{(plain + more) / plain:.3f}x"))
    if not rows:
        return ""
    head = ("what", f"without the plugin ({BASE})", "the plugin adds", "ratio")
    return (
        "## Instructions\n\nAs `valgrind --tool=callgrind` counts them: nearly the same on every run, "
        "but not every instruction takes the same time.\n\n" + table(head, rows)
    )
