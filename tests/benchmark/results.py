"""What was measured, as JSON, so that page and plot can be made again without measuring."""

from __future__ import annotations

import datetime
import json
import os
import platform
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from .compare import Comparison
from .measure import Outcome, Usage
from .phases import Round

_VERSION = 1
_DISTRIBUTIONS = (
    "pytest",
    "Flask",
    "Werkzeug",
    "Flask-SQLAlchemy",
    "SQLAlchemy",
    "pytest-flask-hygiene",
)


@dataclass
class Results:
    date: str = ""
    #: What the numbers depend on.
    machine: dict[str, str] = field(default_factory=dict)
    suites: dict[str, Comparison] = field(default_factory=dict)
    phases: dict[str, list[Round]] = field(default_factory=dict)
    instructions: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def update(self, newer: Results) -> Results:
        """What was measured anew replaces what was; numbers of another machine or version are not kept."""
        if self.machine != newer.machine:
            return newer
        return Results(
            newer.date,
            newer.machine,
            {**self.suites, **newer.suites},
            {**self.phases, **newer.phases},
            {**self.instructions, **newer.instructions},
        )


def here() -> Results:
    """No results yet: today, on this machine."""
    machine = {
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "processor": f"{_processor()}, {os.cpu_count()} CPUs",
        "system": f"{platform.system()} {platform.release()}",
        **{name: metadata.version(name) for name in _DISTRIBUTIONS},
    }
    return Results(datetime.datetime.now(datetime.timezone.utc).date().isoformat(), machine)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def dumps(results: Results) -> str:
    # Microseconds are finer than the clock; the file is kept in the repository.
    return json.dumps(_rounded({"version": _VERSION, **asdict(results)}), indent=1) + "\n"


def loads(text: str) -> Results:
    data: dict[str, Any] = json.loads(text)
    if data.pop("version") != _VERSION:
        raise ValueError("results of another version of the benchmark")
    suites = {
        name: Comparison(
            [{key: Usage(**usage) for key, usage in each.items()} for each in suite["rounds"]],
            {key: Outcome(**outcome) for key, outcome in suite["outcomes"].items()},
            suite["pace"],
        )
        for name, suite in data.pop("suites").items()
    }
    return Results(suites=suites, **data)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 8)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value
