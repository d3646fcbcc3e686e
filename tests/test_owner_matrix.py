"""Every kind of resource, for every owner: closed, dropped, or left open; by default and in strict mode."""

from __future__ import annotations

import re
from textwrap import dedent, indent
from typing import NamedTuple

import pytest


class Resource(NamedTuple):
    kind: str
    make: str
    """Sets ``thing``; the line to blame is marked."""
    close: str
    warns: bool = True
    """Python warns when it is dropped; other resources close themselves, or nobody can tell."""


RESOURCES = {
    "file": Resource("file", "thing = open('left.txt', 'w')  # leak", "thing.close()"),
    "descriptor": Resource(
        "file", "thing = os.open(__file__, os.O_RDONLY)  # leak", "os.close(thing)", warns=False
    ),
    "mapping": Resource(
        "file",
        "with open(__file__, 'rb') as file:\n"
        "    thing = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # leak",
        "thing.close()",
        warns=False,
    ),
    "zip": Resource("file", "thing = zipfile.ZipFile('left.zip', 'w')  # leak", "thing.close()", warns=False),
    "gzip": Resource("file", "thing = gzip.open('left.gz', 'wb')  # leak", "thing.close()", warns=False),
    "tar": Resource("file", "thing = tarfile.open('left.tar', 'w')  # leak", "thing.close()"),
    "socket": Resource("socket", "thing = socket.socket()  # leak", "thing.close()"),
    "sqlite": Resource("sqlite", "thing = sqlite3.connect(':memory:')  # leak", "thing.close()"),
    "subprocess": Resource(
        "subprocess",
        "thing = subprocess.Popen(['cat'], stdin=subprocess.PIPE)  # leak",
        "thing.communicate()",
    ),
    "loop": Resource("event-loop", "thing = asyncio.new_event_loop()  # leak", "thing.close()"),
    "directory": Resource("tempdir", "thing = tempfile.TemporaryDirectory()  # leak", "thing.cleanup()"),
    "mkdtemp": Resource("tempdir", "thing = tempfile.mkdtemp()  # leak", "shutil.rmtree(thing)", warns=False),
    "thread": Resource(
        "thread",
        "stop = threading.Event()\n"
        "thing = threading.Thread(target=stop.wait, daemon=True)\n"
        "thing.stop = stop\n"
        "thing.start()  # leak",
        "thing.stop.set()\nthing.join()",
        warns=False,
    ),
    "pool": Resource(
        "thread",
        "thing = concurrent.futures.ThreadPoolExecutor(1)\nthing.submit(int)  # leak",
        "thing.shutdown()",
        warns=False,
    ),
}
IMPORTS = """\
import asyncio, concurrent.futures, gzip, mmap, os, shutil, socket, sqlite3, subprocess, tarfile, tempfile
import threading, zipfile
import pytest

kept = []
"""
#: Runs when the plugin has gone: what was left must not turn up in the run that these tests are part of.
#: (By then pytester has taken the modules out of ``sys.modules``.)
CLOSES = """\
import sys

lists = []

def pytest_sessionfinish():
    lists.extend(vars(module)["kept"] for module in list(sys.modules.values()) if "kept" in vars(module))

def pytest_unconfigure():
    for kept in lists:
        for close, thing in kept:
            close(thing)
"""
FIXTURES = ("function", "class", "module", "package", "session")
SCOPES = ("test", *FIXTURES, "import")
USES = """
class Test_{name}:
    def test_first(self, made_{name}):
        pass

    def test_last(self, made_{name}):
        pass

"""
PASSES = "\n\ndef test_{name}():\n    pass\n"
#: The tests during which a fixture of each scope ends.
ENDS_IN = {
    "function": ("pkg/test_a.py::Test_{name}::test_first", "pkg/test_a.py::Test_{name}::test_last"),
    "class": ("pkg/test_a.py::Test_{name}::test_last",),
    "module": ("pkg/test_a.py::test_after",),
    "package": ("pkg/test_b.py::test_other",),
    "session": ("test_z.py::test_outside",),
}


def part_of(name: str, scope: str, state: str) -> str:
    """One owner that makes one resource, and its tests."""
    _, make, close, _ = RESOURCES[name]
    closing = f"def close_{name}(thing):\n{indent(close, '    ')}\n\n"
    end = {
        "closed": f"close_{name}(thing)",
        "dropped": "del thing",
        "left open": f"kept.append((close_{name}, thing))",
    }[state]
    make = make.replace("# leak", f"# leak {name}")
    if scope == "import":
        return f"{closing}{make}\n{end}\n"
    if scope == "test":
        body = indent(f"{make}\n{end}\n", "    ")
        return f"{closing}def test_{name}():\n{body}\n"
    body = indent(f"{make}\nyield\n{end}\n", "    ")
    return f"{closing}@pytest.fixture(scope='{scope}')\ndef made_{name}():\n{body}\n"


def suite_of(names: list[str], scope: str, state: str) -> dict[str, str]:
    parts = IMPORTS + "".join(part_of(name, scope, state) for name in names)
    files = {"pkg/__init__.py": "", "conftest.py": CLOSES, "pkg/test_a.py": ""}
    if scope in FIXTURES:
        files["pkg/conftest.py"] = parts
        files["pkg/test_a.py"] = "".join(USES.format(name=name) for name in names)
    else:
        files["pkg/test_a.py"] = parts
    files["pkg/test_a.py"] += PASSES.format(name="after")
    files["pkg/test_b.py"] = PASSES.format(name="other")
    files["test_z.py"] = PASSES.format(name="outside")
    return files


LEFT_OPEN = "still open after their owners ended"
OPEN_AT_END = "opened by imports and open at the end"


class Found(NamedTuple):
    test: str
    when: str
    kind: str
    owner: str
    site: str


def blame(name: str, scope: str, files: dict[str, str]) -> tuple[str, str, str]:
    """Kind, owner and marked line, as they must be reported."""
    (site,) = [
        f"{file}:{number}"
        for file, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if line.endswith(f"# leak {name}")
    ]
    owners = {"test": "", "import": "the import of pkg/test_a.py"}
    return RESOURCES[name].kind, owners.get(scope, f"{scope} fixture 'made_{name}'"), site


def parse(text: str) -> list[tuple[str, str, str]]:
    """Kind, owner (empty: the test itself) and innermost line of each leak in a failure's text."""
    found = []
    kind = owner = site = ""
    for line in text.splitlines():
        if match := re.match(r"([a-z-]+)  \S", line):
            kind, owner, site = match[1], "", ""
        elif match := re.match(r"    by (.+), \S+:\d+$", line):
            owner = match[1]
        elif match := re.match(r"    (\S+:\d+) +in ", line):
            site = match[1]
        elif line.startswith("fix: "):
            found.append((kind, owner, site))
    return found


class Matrix:
    """All kinds with one scope and one state, in one run."""

    def __init__(self, run_suite, scope, state, *args, **kwargs):
        names = [name for name, each in RESOURCES.items() if each.warns or state != "dropped"]
        files = suite_of(names, scope, state)
        self.scope = scope
        self.blamed = {name: blame(name, scope, files) for name in names}
        self.result = run_suite("", *args, files=files, **kwargs)

    def expected(self, when: str) -> list[Found]:
        ends_in = ENDS_IN.get(self.scope, ("pkg/test_a.py::test_{name}",))
        return sorted(
            Found(test.format(name=name), when, *blamed)
            for name, blamed in self.blamed.items()
            for test in ends_in
        )

    def failures(self) -> list[Found]:
        return sorted(
            Found(report.nodeid, report.when, *leak)
            for report in self.result.reprec.getreports("pytest_runtest_logreport")
            if report.failed
            for leak in parse(str(report.longrepr))
        )

    def outside_tests(self) -> list[tuple[str, str, str]]:
        _, _, rest = self.result.stdout.str().partition("\noutside tests:\n")
        return sorted(parse(dedent(rest.partition("\nchecks: ")[0])))

    def listed(self, headline: str) -> dict[tuple[str, str], str]:
        """Kind and line of each row in a list of the summary, and whose it is."""
        _, _, rest = self.result.stdout.str().partition(f"\n{headline}: ")
        # Other rows tell what this test's own run has open.
        rows = re.findall(r"^ +\d+ x (\S+) +(pkg/\S+:\d+).*\n +(.*)$", rest, re.MULTILINE)
        return {(kind, where): who for kind, where, who in rows}


MODES = {"default": (), "strict": ("--hygiene-strict",)}
modes = pytest.mark.parametrize("mode", MODES)


@pytest.mark.parametrize("scope", SCOPES)
def test_what_is_closed_is_no_finding(run_suite, scope):
    matrix = Matrix(run_suite, scope, "closed", "--hygiene-strict", "-v")
    assert matrix.failures() == matrix.outside_tests() == []
    assert matrix.listed(LEFT_OPEN) == matrix.listed(OPEN_AT_END) == {}
    matrix.result.stdout.fnmatch_lines(["hygiene: no leaks"])
    assert matrix.result.ret == pytest.ExitCode.OK


@modes
def test_what_a_test_dropped_fails_it_in_its_call(run_suite, mode):
    matrix = Matrix(run_suite, "test", "dropped", *MODES[mode])
    assert matrix.failures() == matrix.expected("call")
    matrix.result.assert_outcomes(failed=len(matrix.blamed), passed=3)


@pytest.mark.parametrize(
    ("scope", "mode"),
    [*((scope, "default") for scope in FIXTURES), ("function", "strict"), ("session", "strict")],
)
def test_what_a_fixture_dropped_is_an_error_where_it_ended(run_suite, scope, mode):
    matrix = Matrix(run_suite, scope, "dropped", *MODES[mode])
    assert matrix.failures() == matrix.expected("teardown")
    assert "failed" not in matrix.result.parseoutcomes()


@modes
def test_what_an_import_dropped_is_a_session_finding(run_suite, mode):
    # In a Python of its own: a run around this one would free reference cycles when they are nobody's.
    matrix = Matrix(run_suite, "import", "dropped", *MODES[mode], subprocess=True)
    assert matrix.outside_tests() == sorted(matrix.blamed.values())
    matrix.result.assert_outcomes(errors=len(matrix.blamed), passed=3)
    assert matrix.result.ret == pytest.ExitCode.TESTS_FAILED


# -- left open


@pytest.mark.parametrize("scope", ["test", *FIXTURES])
def test_what_is_left_open_is_listed_with_its_line_and_owner_and_fails_nothing(run_suite, scope):
    matrix = Matrix(run_suite, scope, "left open", "-v")
    assert matrix.failures() == matrix.outside_tests() == []
    assert matrix.result.ret == pytest.ExitCode.OK
    matrix.result.stdout.fnmatch_lines(["hygiene: no leaks"])
    listed = matrix.listed(LEFT_OPEN)
    assert {(kind, site): who.partition("in ")[2] for (kind, site), who in listed.items()} == {
        (kind, site): owner or f"pkg/test_a.py::test_{name}"
        for name, (kind, owner, site) in matrix.blamed.items()
    }


@pytest.mark.parametrize("scope", ["test", *FIXTURES])
def test_what_is_left_open_fails_a_teardown_in_strict_mode(run_suite, scope):
    matrix = Matrix(run_suite, scope, "left open", "--hygiene-strict")
    assert matrix.failures() == matrix.expected("teardown")
    assert "failed" not in matrix.result.parseoutcomes()


@modes
def test_what_an_import_keeps_open_is_nobodys_leak(run_suite, mode):
    matrix = Matrix(run_suite, "import", "left open", *MODES[mode])
    assert matrix.result.ret == pytest.ExitCode.OK
    matrix.result.stdout.fnmatch_lines(["hygiene: no leaks"])
    assert OPEN_AT_END not in matrix.result.stdout.str()


@modes
def test_what_an_import_keeps_open_is_listed_on_demand(run_suite, mode):
    matrix = Matrix(run_suite, "import", "left open", "-v", *MODES[mode])
    assert matrix.result.ret == pytest.ExitCode.OK
    assert matrix.listed(OPEN_AT_END).keys() == {(kind, site) for kind, _, site in matrix.blamed.values()}
