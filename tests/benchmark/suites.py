"""The suites whose whole runs are compared."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from . import sources
from .sdists import copy_of

#: A directory to run pytest in.  The number: of tests; None: all.
Prepare = Callable[[Path, "int | None"], Path]


@dataclass(frozen=True)
class Suite:
    name: str
    title: str
    prepare: Prepare
    #: For the ratio of user CPU with the plugin.
    aim: float | None = None
    options: tuple[str, ...] = ()
    #: What of the project's own suite is not run, and why.
    note: str = ""
    #: Variants that would take too long on all tests.
    fewer: Mapping[str, int] = field(default_factory=dict)
    #: The time of each thousand tests is recorded.
    pace: bool = False


def write(files: sources.Files, directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name, text in files.items():
        (directory / name).write_text(text, "utf-8")
    return directory


def _real(project: str, work: Path, tests: int | None) -> Path:
    assert tests is None, "only synthetic suites come in sizes"
    return copy_of(project, work)


def _heap(objects: int, work: Path, tests: int | None) -> Path:
    number = tests or 2000
    files = sources.suite(sources.one_request_each(number), sources.APP + sources.heap(objects))
    return write(files, work / "suites" / f"heap-{objects}-{number}")


def _leaking(work: Path, tests: int | None) -> Path:
    number = tests or 1000
    return write(sources.one_leak_each(number), work / "suites" / f"leaking-{number}")


def _empty(work: Path, tests: int | None) -> Path:
    number = tests or 20_000
    return write(sources.suite(sources.empty(number)), work / "suites" / f"empty-{number}")


def _without(*tests: str) -> tuple[str, ...]:
    return tuple(part for test in tests for part in ("--deselect", f"tests/{test}"))


SUITES = {
    each.name: each
    for each in (
        Suite(
            "flask",
            "Flask's own",
            partial(_real, "flask"),
            aim=1.01,
            options=_without("test_reqctx.py::test_bad_environ_raises_bad_request"),
            note="`test_bad_environ_raises_bad_request`, to which Werkzeug 3.1.8 answers 404, not 400",
        ),
        Suite(
            "werkzeug",
            "Werkzeug's own",
            partial(_real, "werkzeug"),
            aim=1.01,
            options=("-m", "not dev_server"),
            note="the tests marked `dev_server`: they wait for servers in other processes, whose time "
            "would be counted, and with watchdog installed one of them did not end",
        ),
        Suite(
            "flask-sqlalchemy",
            "Flask-SQLAlchemy's own",
            partial(_real, "flask-sqlalchemy"),
            aim=1.01,
            options=(
                # It drops connections, of which Python 3.13 warns at some later time. By the suite's own
                # filters that is an error in whichever test runs then.
                "-W",
                "always::pytest.PytestUnraisableExceptionWarning",
                *_without(
                    "test_model.py::test_abstractmodel",
                    "test_model.py::test_mixinmodel",
                    "test_model_bind.py::test_explicit_table",
                ),
            ),
            note="`test_abstractmodel` and `test_mixinmodel` (a deprecation of Python 3.12 fails them) and "
            "`test_explicit_table` (newer versions of SQLAlchemy fail it). Exceptions in finalizers are "
            "warnings and not errors there, as in Werkzeug's own suite: otherwise the run without the plugin "
            "fails by dropped connections",
        ),
        Suite("heap-50k", "2,000 requests, 50,000 objects", partial(_heap, 50_000), fewer={"naive": 200}),
        Suite(
            "heap-500k",
            "2,000 requests, 500,000 objects",
            partial(_heap, 500_000),
            aim=1.00,
            fewer={"naive": 100},
        ),
        Suite(
            "heap-5m",
            "2,000 requests, 5,000,000 objects",
            partial(_heap, 5_000_000),
            aim=1.00,
            fewer={"naive": 20},
        ),
        Suite("leaking", "1,000 requests, each of which leaks", _leaking, fewer={"naive": 200}),
        Suite("empty", "20,000 empty tests", _empty, fewer={"naive": 1000}, pace=True),
    )
}
