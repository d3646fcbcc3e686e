"""With and without the plugin: the same outcomes, phases, order, output, settings and descriptors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_corpus import CLEAN, copy_suite

#: Writes down what a run did and how it left the process.
RECORDER = """
import gc, json, os, sys, threading, warnings
import pytest

pytestmark = pytest.mark.once_a_python

reports = []
before = {}

def state():
    return {
        "debug": gc.get_debug(), "enabled": gc.isenabled(), "threshold": gc.get_threshold(),
        "freeze": gc.get_freeze_count() > 1_000, "callbacks": len(gc.callbacks), "garbage": len(gc.garbage),
        "collect": type(gc.collect).__name__, "threads": threading.active_count(),
        "descriptors": len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0,
        "showwarnmsg": warnings._showwarnmsg.__qualname__,
        "thread_start": threading.Thread.start.__qualname__,
        "meta_path": [type(finder).__name__ for finder in sys.meta_path],
    }

def pytest_runtest_logreport(report):
    sections = [list(section) for section in report.sections]
    reports.append([report.nodeid, report.when, report.outcome, hasattr(report, "wasxfail"), sections])

@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    result = {"reports": reports, "state": state()}
    with open(os.environ["RECORD"], "w") as file:
        json.dump(result, file)
"""


def run_and_record(suite: Path, target: Path, *args: str) -> dict[str, object]:
    plugin = target.with_suffix(".d")
    plugin.mkdir()
    (plugin / "recorder_for_test.py").write_text(RECORDER, "utf-8")
    record = target.with_suffix(".json")
    switched_off = [arg for name in ("randomly", "asyncio", "flask") for arg in ("-p", f"no:{name}")]
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *switched_off),
        *("-p", "recorder_for_test", "-c", str(suite / "pytest.ini"), *args),
        # The same for both runs: paths are part of what they print.
        *("--basetemp", str(suite.parent / "base"), str(suite)),
    ]
    path = os.pathsep.join(filter(None, (str(plugin), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "RECORD": str(record), "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    (suite / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n", "utf-8")
    done = subprocess.run(command, env=environment, cwd=suite, capture_output=True, timeout=300, check=False)
    # Shown if the two differ.
    sys.stdout.write(done.stdout.decode("utf-8", "replace"))
    recorded: dict[str, object] = json.loads(record.read_text("utf-8"))
    shutil.rmtree(suite / "__pycache__", ignore_errors=True)
    return recorded


#: Prints the time of day and a free port.
NEVER_THE_SAME = "live_server"


@pytest.mark.parametrize("half", [0, 1])
def test_corpus_runs_the_same_without_the_plugin(tmp_path, half):
    suite = tmp_path / "suite"
    for name in [name for name in CLEAN if name != NEVER_THE_SAME][half::2]:
        copy_suite("clean", name, suite / name)
        # Each suite finds its own application module.
        (suite / name / "conftest.py").touch()
        text = (suite / name / "conftest.py").read_text("utf-8")
        path_line = "import sys, os; sys.path.insert(0, os.path.dirname(__file__))\n"
        (suite / name / "conftest.py").write_text(path_line + text, "utf-8")
    without = run_and_record(suite, tmp_path / "without", "-p", "no:flask_hygiene")
    with_plugin = run_and_record(suite, tmp_path / "with")
    assert len(without["reports"]) > 100
    assert with_plugin["reports"] == without["reports"]
    assert with_plugin["state"] == without["state"]
