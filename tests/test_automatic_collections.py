"""What is found, and who is charged with it when, does not depend on when Python collects by itself."""

from __future__ import annotations

import json

import pytest

#: Kind, state, owner, test, phase, outcome and count of each finding; what is only counted, in short.
Found = list[list[object]]

CONFTEST = """
import json, pathlib, sqlite3

import pytest
import shop
from pytest_flask_hygiene.plugin import run_key


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    ledger = config.stash[run_key].ledger
    found = [
        (f.kind, f.state, f.owner.nodeid or f.owner.describe(), f.nodeid, f.when, f.outcome, f.count)
        for f in ledger.findings
    ]
    found += [("cycle", edge, count) for edge, count in ledger.library_edges.items()]
    found.append(("responses closed", ledger.responses_closed))
    pathlib.Path("found.json").write_text(json.dumps(sorted(found, key=str)))
    while shop.kept:
        shop.kept.pop().close()


@pytest.fixture
def client():
    return shop.app.test_client()


@pytest.fixture
def nodes():
    return [shop.Node(), shop.Node()]


@pytest.fixture
def makes_garbage():
    shop.Node(open("setup.txt", "w")).turns_round()
    shop.keep_error()
    yield
    shop.Node(open("teardown.txt", "w")).turns_round()


@pytest.fixture
def database():
    return sqlite3.connect(":memory:")


@pytest.fixture
def closed_database():
    database = sqlite3.connect(":memory:")
    yield database
    database.close()


@pytest.fixture(scope="module")
def of_module():
    shop.Node(open("module.txt", "w")).turns_round()
    return sqlite3.connect(":memory:")
"""
SHOP = """
from flask import Flask, send_file

app = Flask(__name__)
kept = []


class Node:
    def __init__(self, thing=None):
        self.thing = thing

    def turns_round(self):
        self.itself = self


class Rude(Node):
    def __del__(self):
        Node(open("finalizer.txt", "w")).turns_round()


def keep_error():
    try:
        raise ValueError("kept")
    except ValueError as e:
        error = e


@app.get("/cycle")
def cycle():
    keep_error()
    return "kettle"


@app.get("/file")
def file():
    return send_file(__file__)
"""
SUITE = """
import gc, socket, sqlite3, tempfile

import shop
from shop import Node


def test_file():
    Node(open("file.txt", "w")).turns_round()


def test_exception_cycle(client):
    client.get("/cycle")


def test_librarys_cycle(client):
    client.get("/nowhere")


def test_left_open_socket():
    shop.kept.append(socket.socket())


def test_sqlite():
    Node(sqlite3.connect(":memory:")).turns_round()


def test_sent_file(client):
    Node(client.get("/file")).turns_round()


def test_fixtures_garbage(makes_garbage):
    pass


def test_databases(database, closed_database, of_module):
    held = [sqlite3.connect(":memory:") for _ in range(5)]
    held.append(held)


def test_module_goes_on(of_module):
    shop.keep_error()


def test_cycle_through_what_a_fixture_made(nodes):
    node = nodes.pop()
    node.thing = open("through.txt", "w")
    node.turns_round()


def test_finalizer_makes_garbage():
    shop.Rude().turns_round()


def test_collects_in_the_middle(nodes):
    nodes.pop().turns_round()
    shop.keep_error()
    gc.collect(1)
    Node(tempfile.TemporaryDirectory()).turns_round()
    gc.collect()
    shop.keep_error()


def test_fails(nodes, database):
    held = [open("failed.txt", "w")]
    held.append(held)
    nodes[0].thing, held = socket.socket(), None
    assert 0


def test_innocent(nodes):
    gc.collect()


class TestMethods:
    def test_instance(self):
        self.file = open("instance.txt", "w")
        self.itself = self

    def test_another(self):
        self.itself, self.socket = self, socket.socket()


def test_many_objects(nodes):
    node = nodes.pop()
    node.thing = open("many.txt", "w")
    node.turns_round()
    del node
    shop.keep_error()
    many = [[] for _ in range(20_000)]
"""
FILES = {"conftest.py": CONFTEST, "shop.py": SHOP}
#: Python's own setting, its most and least frequent, and one that makes every collection a full one.
SETTINGS = {
    "as they come": "",
    "often": "gc.set_threshold(1)",
    "never": "gc.disable()",
    "always in full": "gc.set_threshold(1, 1, 1)",
}


@pytest.fixture(scope="module")
def known() -> dict[str, Found]:
    """What has been found, by the setting."""
    return {}


@pytest.fixture
def found_under(run_suite, pytester, known):
    def run(setting: str) -> Found:
        if setting not in known:
            # The conftest file is loaded ahead of all that can leak.
            conftest = f"import gc\n\n{SETTINGS[setting]}\n{CONFTEST}"
            run_suite(SUITE, files={**FILES, "conftest.py": conftest}, subprocess=True)
            known[setting] = json.loads((pytester.path / "found.json").read_text("utf-8"))
        return known[setting]

    return run


#: The phases in which each test is charged with a finding.
EXPECTED = {
    "test_file": ["call"],
    "test_exception_cycle": ["call"],
    "test_left_open_socket": ["teardown"],
    "test_sqlite": ["call"],
    "test_fixtures_garbage": ["teardown", "teardown", "teardown"],
    "test_databases": ["call", "teardown"],
    "test_module_goes_on": ["call"],
    "test_cycle_through_what_a_fixture_made": ["call"],
    "test_finalizer_makes_garbage": ["call"],
    "test_collects_in_the_middle": ["call", "call"],
    "test_fails": ["call"],
    "TestMethods::test_instance": ["teardown"],
    "TestMethods::test_another": ["teardown"],
    # The last two are the module fixture's.
    "test_many_objects": ["call", "call", "teardown", "teardown"],
}


@pytest.mark.own_gc_settings("sets them itself")
@pytest.mark.parametrize("setting", SETTINGS)
def test_each_leak_is_found_once_in_its_phase(found_under, setting):
    phases: dict[str, list[object]] = {}
    for finding in found_under(setting):
        if len(finding) > 3:
            test = str(finding[3]).removeprefix("test_suite.py::")
            phases.setdefault(test, []).append(finding[4])
    assert {test: sorted(when, key=str) for test, when in phases.items()} == EXPECTED


@pytest.mark.own_gc_settings("sets them itself")
@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != "as they come"])
def test_the_findings_are_the_same(found_under, setting):
    assert found_under(setting) == found_under("as they come")


RERUN = """
import pytest
import shop

attempts = []


@pytest.mark.flaky(reruns=2)
def test_first_attempt_leaks(nodes, client, database):
    database.close()
    attempts.append(1)
    if len(attempts) == 1:
        node = nodes.pop()
        node.thing = open("first.txt", "w")
        node.turns_round()
        client.get("/cycle")


def test_innocent(nodes):
    pass
"""


@pytest.mark.own_gc_settings("sets them itself")
@pytest.mark.parametrize("setting", ["often", "never"])
def test_a_rerun_is_needed_once(run_suite, setting):
    pytest.importorskip("pytest_rerunfailures")
    conftest = f"import gc\n\n{SETTINGS[setting]}\n{CONFTEST}"
    files = {**FILES, "conftest.py": conftest}
    result = run_suite(RERUN, files=files, with_plugins=("rerunfailures",), subprocess=True)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*2 passed, 1 rerun in*"])
