"""A fault inside the plugin breaks no test: it is reported once, as the plugin's own.

A child process runs one suite again and again, each time with one function of the plugin replaced by one that
raises.  It forks for each run, so that what a fault leaves patched does not reach the next.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="forks"),
    pytest.mark.once_a_python,
]

FILES = {
    "shop.py": """
    from flask import Flask, request, send_file, stream_with_context

    app = Flask("shop")
    app.testing = True

    @app.get("/")
    def index():
        return "ok"

    @app.get("/file")
    def file():
        return send_file("shop.py")

    @app.get("/stream")
    def stream():
        def generate():
            yield "first"
            yield "second"
        return stream_with_context(generate())

    @app.post("/upload")
    def upload():
        return str(len(request.files["file"].read()))

    def work():
        try:
            raise ValueError("no stock")
        except ValueError as e:
            error = e
    """,
    "late.py": "value = 1\n",
    "test_innocent.py": """
    import asyncio
    import gc
    import io
    import socket
    import sqlite3
    import subprocess
    import tempfile
    import threading
    import warnings
    import weakref

    import pytest
    import shop

    @pytest.fixture(scope="module")
    def context():
        with shop.app.app_context():
            yield

    @pytest.fixture
    def client(context):
        with shop.app.test_client() as client:
            yield client

    def setup_module():
        open("module.txt", "w").close()

    def write(name):
        with open(name, "w") as file:
            file.write("text")

    def test_responses(client):
        assert client.get("/").text == "ok"
        assert client.get("/none").status_code == 404
        assert client.get("/file").status_code == 200
        assert client.get("/stream").status_code == 200
        kept = client.get("/stream")

    def test_upload():
        data = {"file": (io.BytesIO(b"x" * 600_000), "big.bin")}
        assert shop.app.test_client().post("/upload", data=data).text == "600000"

    def test_threads():
        thread = threading.Thread(target=write, args=("thread.txt",))
        thread.start()
        thread.join()

    def test_resources(tmp_path):
        write("written.txt")
        for end in socket.socketpair():
            end.close()
        with tempfile.TemporaryDirectory():
            pass
        with tempfile.TemporaryFile() as file:
            file.write(b"text")
        with subprocess.Popen(["true"], stdout=subprocess.PIPE) as process:
            process.wait()
        asyncio.run(asyncio.sleep(0))

    def test_sqlite():
        connection = sqlite3.connect(":memory:")
        connection.execute("select 1")
        connection.close()

    def test_collections():
        class Node:
            pass

        node = Node()
        node.itself = node
        reference = weakref.ref(node)
        del node
        gc.collect()
        assert reference() is None
        flags = gc.get_debug()
        gc.set_debug(flags)
        assert gc.get_debug() == flags == 0

    def test_contexts():
        with shop.app.app_context(), shop.app.test_request_context():
            pass

    def test_import():
        import late

        assert late.value == 1

    def test_warnings(recwarn):
        warnings.warn("unclosed", ResourceWarning)
        with pytest.warns(ResourceWarning):
            warnings.warn("unclosed", ResourceWarning)

    @pytest.mark.skip
    def test_skipped():
        pass

    @pytest.mark.xfail(strict=True)
    def test_expected_to_fail():
        held = open("held.txt", "w")
        assert False
    """,
    "test_leaky.py": """
    import socket
    import sqlite3
    import subprocess
    import tempfile

    import pytest
    import shop

    kept = []

    @pytest.fixture(scope="module")
    def wide():
        open("wide.txt", "w")

    @pytest.fixture
    def narrow():
        return open("narrow.txt", "w")

    def test_file():
        open("left.txt", "w")

    def test_sqlite():
        sqlite3.connect(":memory:").execute("select 1")

    def test_more_kinds():
        socket.socket()
        tempfile.TemporaryDirectory()
        tempfile.TemporaryFile()
        shop.app.test_request_context().push()

    @pytest.mark.allow_leak("file")
    def test_allowed():
        open("allowed.txt", "w")

    def test_cycle():
        shop.work()

    def test_fixtures(wide, narrow):
        pass

    def test_keeps():
        kept.append(open("kept.txt", "w"))

    def test_drops():
        kept.clear()
    """,
}

DRIVER = """
    import asyncio, importlib, json, os, signal, socket, sqlite3, sys, tempfile, traceback
    import pytest
    import pytest_flask_hygiene.plugin
    from _pytest.config import default_plugins

    class Recorder:
        def __init__(self):
            self.reports = []

        def pytest_runtest_logreport(self, report):
            crash = getattr(report.longrepr, "reprcrash", None)
            message = crash.message if crash is not None and report.failed else ""
            self.reports.append([report.nodeid, report.when, report.outcome, message])

    def find(target):
        name = "pytest_flask_hygiene"
        *parts, last = target.split(".")
        found = importlib.import_module(name)
        for part in parts:
            name += "." + part
            try:
                found = importlib.import_module(name)
            except ImportError:
                found = getattr(found, part)
        return found, last

    def inject(target):
        hits = []

        def injected(*args, **kwargs):
            hits.append(target)
            raise RuntimeError("injected")

        owner, name = find(target)
        old = vars(owner)[name]
        new = injected
        if isinstance(old, (staticmethod, property)):
            new = type(old)(injected)
        setattr(owner, name, new)
        return hits

    def run_one(target, args):
        hits = inject(target) if target else []
        recorder = Recorder()
        status = crash = None
        try:
            status = int(pytest.main(args, plugins=[recorder]))
        except BaseException:
            crash = traceback.format_exc()
        return {"status": status, "reports": recorder.reports, "hits": len(hits), "crash": crash}

    def run_forked(target, args, directory):
        if os.fork() == 0:
            signal.alarm(20)
            output = os.open(directory + ".txt", os.O_WRONLY | os.O_CREAT)
            os.dup2(output, 1)
            os.dup2(output, 2)
            result = run_one(target, args)
            with open(directory + ".json", "w") as file:
                json.dump(result, file)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
        os.wait()
        result = {"status": None, "reports": [], "hits": 0, "crash": "no result"}
        if os.path.exists(directory + ".json"):
            with open(directory + ".json") as file:
                result = json.load(file)
        with open(directory + ".txt", errors="replace") as file:
            result["output"] = file.read()
        return result

    # What each run would load by itself.
    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")

    with open("job.json") as file:
        job = json.load(file)
    results = {}
    for warm in (False, True):
        if warm:
            import flask.testing, werkzeug.test
        for number, (name, target, loaded, args) in enumerate(job):
            if loaded == warm:
                results[name] = run_forked(target, args, f"run-{warm}-{number}")
    with open("results.json", "w") as file:
        json.dump(results, file)
    """

#: What raises, by its name in the package.
TARGETS = (
    "births.BirthRecorder._on_mkdtemp",
    "births.BirthRecorder._on_popen",
    "births.BirthRecorder._on_socket",
    "births.BirthRecorder._on_sqlite_handle",
    "births.BirthRecorder.of_file",
    "births.BirthRecorder.start",
    "births.BirthRecorder.stop",
    "births.capture_stack",
    "charges.Charges._judge_call",
    "charges.Charges._judge_teardown",
    "charges.Charges.record",
    "checks.contexts.ContextCheck._client_of",
    "checks.contexts.ContextCheck._pushed",
    "checks.contexts.ContextCheck.watch_pushes",
    "checks.contexts.ContextCheck.leaked",
    "checks.contexts.ContextCheck.pop",
    "checks.contexts.ContextCheck.top",
    "checks.cycles.CycleCheck.judge",
    "checks.resource_warnings.ResourceWarningCheck._identify",
    "checks.resource_warnings.ResourceWarningCheck._shown_without_us",
    "checks.resource_warnings.ResourceWarningCheck.close_filters",
    "checks.resource_warnings.ResourceWarningCheck.open_filters",
    "checks.resource_warnings.ResourceWarningCheck.watch_finalizers",
    "checks.bodies.Body._stream_is_left",
    "checks.responses.ResponseCheck._open",
    "checks.responses.ResponseCheck._see_contexts",
    "checks.responses.ResponseCheck._see_input",
    "checks.responses.ResponseCheck.wrap",
    "checks.responses.ResponseCheck.close_all",
    "checks.responses.ResponseCheck.close_owned_by",
    "checks.responses.ResponseCheck.holds",
    "checks.left_open.LeftOpenCheck.find",
    "checks.left_open.LeftOpenCheck.forget_closed",
    "checks.left_open.LeftOpenCheck.may_have",
    "collector.Collector._collect_and_judge",
    "collector.Collector.freeze",
    "collector.Collector.start",
    "collector.Collector.start_saving",
    "collector.Collector.stop",
    "collector.Collector.sweep",
    "saved_garbage.SavedGarbage.judge",
    "saved_garbage.SavedGarbage.save",
    "evidence.Evidence.of_birth",
    "evidence.Evidence.of_cycles",
    "evidence.Evidence.of_left_response",
    "evidence.Evidence.of_left_open",
    "fixture_life.FixtureLife._sweep_for",
    "fixture_life.FixtureLife.sweep_setup",
    "fixture_life.owner_of_fixture",
    "heap.holders.HolderFinder.find",
    "ledger.Ledger.begin",
    "ledger.Ledger.nothing_to_report",
    "owners.OwnerTracker.get",
    "report.terminal._counted_lines",
    "report.outcome.apply_findings",
    "report.outcome.attach_findings",
    "run.owner_of_test",
    "report.terminal.session_report",
    "threads.ThreadRecorder._starts",
    "threads.ThreadRecorder.alive",
    "threads.ThreadRecorder.start",
)
#: Python 3.13 warns about dropped connections by itself.
SQLITE_TARGETS = (
    "checks.sqlite.SqliteCheck.after_collection",
    "checks.sqlite.SqliteCheck.before_collection",
    "checks.sqlite.SqliteCheck.connected",
    "checks.sqlite.SqliteCheck.judge",
    "checks.sqlite.SqliteCheck.prepare",
    "checks.sqlite.SqliteCheck.release_dropped",
)
if sys.version_info < (3, 13):
    TARGETS += SQLITE_TARGETS

#: Reached only where Flask and Werkzeug are imported when the run has begun.
COLD_TARGETS = (
    "checks.contexts.ContextCheck.watch_pushes",
    "checks.responses.ResponseCheck.wrap",
    "imports.PostImport._watch",
)
RUNS = (*TARGETS, *(f"{target}, imported late" for target in COLD_TARGETS))
OURS = "a fault of pytest-flask-hygiene itself, please report it: "

Results = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What each run did; ``off`` is the run without the plugin's checks."""
    directory = tmp_path_factory.mktemp("faults")
    for name, text in {**FILES, "driver.py": DRIVER}.items():
        (directory / name).write_text(dedent(text), "utf-8")
    # At its end the plugin for unraisable exceptions collects five times, which takes most of the time.
    switched_off = [arg for name in ("cacheprovider", "unraisableexception") for arg in ("-p", f"no:{name}")]
    # pytest looks through all of its old temporary directories otherwise.
    temporary = f"--basetemp={directory / 'temporary'}"
    args = ["--import-mode=importlib", "-p", "pytest_flask_hygiene.plugin", temporary, *switched_off]
    job = [
        ("off", None, True, [*args, "--hygiene=off"]),
        ("on", None, True, args),
        *((target, target, True, args) for target in TARGETS),
        *((f"{target}, imported late", target, False, args) for target in COLD_TARGETS),
    ]
    (directory / "job.json").write_text(json.dumps(job), "utf-8")
    path = os.pathsep.join(filter(None, (str(directory), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run([sys.executable, "driver.py"], cwd=directory, env=environment, check=True, timeout=500)
    return json.loads(Path(directory, "results.json").read_text("utf-8"))


def is_leak(report: list[str]) -> bool:
    nodeid, _, _, message = report
    return "test_leaky.py" in nodeid and message.startswith("hygiene: ")


def changes(run: dict[str, Any], off: dict[str, Any]) -> list[tuple[str, ...]]:
    """The reports that are not as without the plugin; leaks of the leaky tests may be found."""
    if run["status"] is None:
        return [("crash", str(run["crash"]).rstrip().rpartition("\n")[2])]
    expected = {(nodeid, when): outcome for nodeid, when, outcome, _ in off["reports"]}
    seen = {(nodeid, when): outcome for nodeid, when, outcome, _ in run["reports"]}
    missing = [(*key, "missing") for key in expected.keys() - seen.keys()]
    changed = [tuple(r) for r in run["reports"] if expected.get((r[0], r[1])) != r[2] and not is_leak(r)]
    return missing + changed


def expected_status(run: dict[str, Any]) -> int:
    found = any(is_leak(report) for report in run["reports"]) or "\nERROR hygiene: " in run["output"]
    return int(pytest.ExitCode.TESTS_FAILED if found else pytest.ExitCode.OK)


def faults_in(run: dict[str, Any]) -> list[str]:
    return [line.removeprefix(OURS) for line in run["output"].splitlines() if line.startswith(OURS)]


def test_without_a_fault_the_suite_leaks(results):
    on = results["on"]
    assert changes(on, results["off"]) == []
    assert len([report for report in on["reports"] if is_leak(report)]) == 6
    assert (on["status"], faults_in(on)) == (1, [])


@pytest.mark.parametrize("target", RUNS)
def test_a_fault_is_met_in(results, target):
    """Otherwise the tests below would say nothing."""
    assert results[target]["hits"] > 0


@pytest.mark.parametrize("target", RUNS)
def test_no_outcome_changes_with_a_fault_in(results, target):
    assert changes(results[target], results["off"]) == []


@pytest.mark.parametrize("target", RUNS)
def test_the_exit_status_is_right_with_a_fault_in(results, target):
    assert results[target]["status"] == expected_status(results[target])


@pytest.mark.parametrize("target", RUNS)
def test_reported_once_as_ours_is_a_fault_in(results, target):
    (fault,) = faults_in(results[target])
    assert fault.endswith("RuntimeError: injected")
