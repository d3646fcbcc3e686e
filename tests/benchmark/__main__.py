"""``tox -e bench -- [options]``"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from . import page, plot, results
from .compare import compare
from .instructions import COUNTED, MISSING, count
from .measure import RefusedError, say
from .phases import PHASES, measure_phase
from .suites import SUITES
from .variants import VARIANTS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tox -e bench --", description=__doc__)
    what = parser.add_argument_group("what to measure (default: all suites and phases)")
    what.add_argument("--suite", nargs="+", choices=SUITES, metavar="NAME", help=", ".join(SUITES))
    what.add_argument("--phase", nargs="+", choices=PHASES, metavar="NAME", help=", ".join(PHASES))
    what.add_argument(
        "--instructions",
        nargs="*",
        choices=COUNTED,
        metavar="NAME",
        help=f"count instructions, with valgrind; no name: all of {', '.join(COUNTED)}",
    )
    parser.add_argument(
        "--variant",
        nargs="+",
        choices=VARIANTS,
        metavar="NAME",
        default=[*VARIANTS],
        help=", ".join(VARIANTS),
    )
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="default: 7")
    parser.add_argument("--write", action="store_true", help="docs/cost.json, .md and .svg")
    parser.add_argument("--render", action="store_true", help="page and plot again, from docs/cost.json")
    # Below the environment's directory, so that it goes with it.
    parser.add_argument("--work", type=Path, default=Path(sys.prefix) / "benchmark", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds: at least 1")
    if chosen.instructions is not None and shutil.which("valgrind") is None:
        parser.error(MISSING)
    if chosen.suite is None and chosen.phase is None and chosen.instructions is None:
        chosen.suite, chosen.phase = [*SUITES], [*PHASES]
    return chosen


def measure(chosen: argparse.Namespace) -> tuple[results.Results, bool]:
    """What could be measured, and whether that is all."""
    measured = results.here()
    complete = True
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"this machine is busy (load {load:.1f}): what follows is noise")
    work: Path = chosen.work
    work.mkdir(parents=True, exist_ok=True)
    jobs: list[tuple[str, Callable[[str], None]]] = [
        *((name, lambda name: _suite(measured, name, chosen)) for name in chosen.suite or ()),
        *((name, lambda name: _phase(measured, name, chosen)) for name in chosen.phase or ()),
    ]
    if chosen.instructions is not None:
        jobs += (
            (name, lambda name: _count(measured, name, chosen)) for name in chosen.instructions or COUNTED
        )
    for name, job in jobs:
        try:
            job(name)
        except RefusedError as error:
            # The others may have taken an hour: they count.
            say(f"refused: {error}")
            complete = False
            continue
        if chosen.write:
            # At once: what is left may take an hour, and be interrupted.
            write(stored().update(measured))
    return measured, complete


def _suite(measured: results.Results, name: str, chosen: argparse.Namespace) -> None:
    measured.suites[name] = compare(SUITES[name], chosen.variant, chosen.rounds, chosen.work)


def _phase(measured: results.Results, name: str, chosen: argparse.Namespace) -> None:
    measured.phases[name] = measure_phase(PHASES[name], chosen.rounds, chosen.work)


def _count(measured: results.Results, name: str, chosen: argparse.Namespace) -> None:
    measured.instructions[name] = count(COUNTED[name], chosen.work)


def stored() -> results.Results:
    path = DOCS / "cost.json"
    return results.loads(path.read_text("utf-8")) if path.exists() else results.Results()


def write(measured: results.Results) -> None:
    (DOCS / "cost.json").write_text(results.dumps(measured), "utf-8")
    (DOCS / "cost.md").write_text(page.page(measured), "utf-8")
    (DOCS / "cost.svg").write_text(plot.plot(measured), "utf-8")
    say(f"written: {DOCS / 'cost.md'}")


def main() -> int:
    chosen = arguments()
    if chosen.render:
        write(stored())
        return 0
    # Ends the child process, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
    measured, complete = measure(chosen)
    sys.stdout.write(page.tables(measured))
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
