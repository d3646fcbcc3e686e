"""The ways to run a suite that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_CHILD = Path(__file__).parent / "child"
_WITHOUT = ("-p", "no:flask_hygiene")


@dataclass(frozen=True)
class Variant:
    name: str
    what: str
    pytest: tuple[str, ...]
    python: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Has our plugin, so its tests must end as they do without it.
    ours: bool = False


VARIANTS = {
    each.name: each
    for each in (
        Variant("plain", "no plugin", _WITHOUT),
        # warn: it does the same work, and the tests end as they do without it.
        Variant("hygiene", "the default checks", ("--hygiene=warn",), ours=True),
        Variant("strict", "`--hygiene-strict`", ("--hygiene-strict", "--hygiene=warn"), ours=True),
        Variant(
            "naive",
            "no plugin, but `gc.collect()` after each test",
            (*_WITHOUT, "-p", "collect_after_each"),
            environment={"PYTHONPATH": str(_CHILD)},
        ),
        Variant(
            "tracemalloc",
            "no plugin, but `-X tracemalloc=10`, and an error for each ResourceWarning",
            (
                *_WITHOUT,
                "-W",
                "error::ResourceWarning",
                "-W",
                "error::pytest.PytestUnraisableExceptionWarning",
            ),
            python=("-X", "tracemalloc=10"),
        ),
        Variant("werror", "no plugin, but `-W error`", (*_WITHOUT, "-W", "error")),
    )
}
