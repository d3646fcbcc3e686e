"""pytest-xdist: whatever the workers do, the findings are those of a run without it, each once."""

from __future__ import annotations

import re

import pytest

pytest_plugins = ["shared_runs"]
pytest.importorskip("xdist")

Found = set[tuple[str, str, str]]
#: It loads trio, if that is installed, which takes nearly as long as the rest of a worker's start.
NOT_NEEDED = ("-p", "no:anyio")


@pytest.fixture
def run_workers(run_suite):
    """Run a suite under pytest-xdist, in a fresh Python."""

    def run(source="", *args, files=None, with_plugins=()):
        plugins = ("xdist", *with_plugins)
        return run_suite(source, *NOT_NEEDED, *args, files=files, with_plugins=plugins, subprocess=True)

    return run


@pytest.fixture
def run_workers_once(run_once):
    """The same, where several tests read the output of one run."""

    def run(source, *args, files=None, with_plugins=()):
        plugins = ("xdist", *with_plugins)
        return run_once(source, *NOT_NEEDED, *args, files=files, with_plugins=plugins, subprocess=True)

    return run


def found(result: pytest.RunResult) -> Found:
    """Owner, kind and innermost frame of every leak that failed something."""
    leaks: Found = set()
    owner = kind = site = ""
    for line in result.outlines:
        if match := re.match(r"hygiene: (.+) left \d", line):
            owner = match[1]
        elif match := re.match(r"([a-z-]+)  \S", line):
            kind = match[1]
        elif match := re.match(r"    by (.+), \S+:\d+$", line):
            owner = match[1]
        elif match := re.match(r"    (\S+:\d+) +in ", line):
            site = match[1]
        elif line.startswith("fix: ") and kind:
            leaks.add((owner, kind, site))
            kind = ""
    return leaks


# -- equal findings

LEAKY = {
    "conftest.py": """
        import pytest

        open("imported.txt", "w")

        @pytest.fixture(scope="session")
        def whole():
            return [open("whole.txt", "w")]

        @pytest.fixture(scope="module")
        def part():
            open("part.txt", "w")
        """,
    "test_one.py": """
        import pytest
        from flask import Flask

        open("module.txt", "w")

        class Base:
            def test_inherited(self):
                open("inherited.txt", "w")

        class TestA(Base):
            pass

        class TestB(Base):
            @pytest.fixture(scope="class", autouse=True)
            def klass(self):
                open("class.txt", "w")

        @pytest.mark.parametrize("number", range(6))
        def test_some(number, whole, part):
            if number % 2:
                open("some.txt", "w")

        def test_context():
            Flask("shop").app_context().push()
        """,
    "test_two.py": """
        import pytest

        @pytest.fixture
        def box():
            open("box.txt", "w")

        def test_box(box, part):
            pass

        @pytest.mark.parametrize("number", range(6))
        def test_clean(number, whole):
            pass
        """,
}
LEAKS = {
    ("the import of conftest.py", "file", "conftest.py:4"),
    ("the import of test_one.py", "file", "test_one.py:5"),
    ("session fixture 'whole'", "file", "conftest.py:8"),
    ("module fixture 'part'", "file", "conftest.py:12"),
    ("class fixture 'klass'", "file", "test_one.py:17"),
    ("function fixture 'box'", "file", "test_two.py:6"),
    ("test_inherited", "file", "test_one.py:9"),
    ("test_some[1]", "file", "test_one.py:22"),
    ("test_some[3]", "file", "test_one.py:22"),
    ("test_some[5]", "file", "test_one.py:22"),
    ("test_context", "context", "test_one.py:25"),
}
#: Two tests inherit test_inherited.
COUNT = len(LEAKS) + 1


WAYS = {
    "without": (),
    "two": ("-n2",),
    "loadscope": ("-n2", "--dist=loadscope"),
    "worksteal": ("-n3", "--dist=worksteal"),
    "each": ("-n2", "--dist=each"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_findings_are_those_of_a_run_without_workers(run_workers_once, way):
    result = run_workers_once("", *WAYS[way], files=LEAKY)
    assert found(result) == LEAKS
    result.stdout.fnmatch_lines([f"hygiene: {COUNT} leaks in *, 2 outside tests"])
    assert result.ret == 1


def test_a_wider_fixture_leaks_once_however_many_workers_set_it_up(run_workers_once):
    result = run_workers_once("", *WAYS["two"], files=LEAKY)
    result.stdout.fnmatch_lines([f"hygiene: {COUNT} leaks in *, 2 outside tests", "* file *conftest.py:8 *"])
    result.stdout.no_fnmatch_line("*times)*")


def test_an_import_leaks_once_however_many_workers_import_it(run_workers_once):
    result = run_workers_once("", *WAYS["two"], files=LEAKY)
    errors = [
        line for line in result.outlines if line.startswith("ERROR hygiene: file leaked by the import of ")
    ]
    assert [line.partition(" - ")[0].split()[-1] for line in errors] == ["conftest.py", "test_one.py"]
    result.stdout.no_fnmatch_line("*times)*")


def test_counts_are_the_sum_of_the_workers(run_workers):
    app = """
    from flask import Flask, send_file

    app = Flask("shop")

    @app.get("/")
    def file():
        return send_file(__file__)
    """
    suite = """
    import pytest
    from shop import app

    @pytest.mark.parametrize("number", range(6))
    def test_it(number):
        app.test_client().get("/")
    """
    result = run_workers(suite, "-n2", files={"shop.py": app})
    result.stdout.fnmatch_lines(["hygiene: no leaks", "closed for the tests: 6 streamed responses"])


def test_a_run_that_stops_at_the_first_failure_lists_every_test_that_failed(run_workers):
    suite = """
    import pytest

    @pytest.mark.parametrize("number", range(20))
    def test_it(number):
        open("left.txt", "w")
    """
    result = run_workers(suite, "-n2", "-x")
    failed = [line for line in result.outlines if line.startswith("FAILED ")]
    assert 1 <= len(failed) < 20
    leaks = "1 leak in 1 test" if len(failed) == 1 else f"{len(failed)} leaks in {len(failed)} tests"
    result.stdout.fnmatch_lines([f"hygiene: {leaks}"])


def test_a_leftover_session_fixture_is_found_when_the_run_stops_early(run_workers):
    suite = """
    import pytest

    @pytest.fixture(scope="session", autouse=True)
    def box():
        open("box.txt", "w")

    @pytest.mark.parametrize("number", range(20))
    def test_it(number):
        assert False
    """
    result = run_workers(suite, "-n2", "--maxfail=1")
    assert ("session fixture 'box'", "file", "test_suite.py:5") in found(result)
    result.stdout.fnmatch_lines(["hygiene: 1 leak *"])


# -- a worker that crashes

CRASH = """
    import os, pytest

    @pytest.fixture(scope="session", autouse=True)
    def box():
        open("box.txt", "w")

    def test_leaks():
        open("left.txt", "w")

    def test_crashes():
        os._exit(3)
    """


def test_the_findings_of_a_worker_that_crashed_survive(run_workers_once):
    result = run_workers_once(CRASH, "-n1")
    result.stdout.fnmatch_lines(
        ["hygiene: 2 leaks in 1 test, 1 outside tests", "*test_suite.py:8 *", "*in test_suite.py::test_leaks"]
    )


def test_what_a_crashed_worker_knew_of_a_session_fixture_survives(run_workers_once):
    result = run_workers_once(CRASH, "-n1")
    result.stdout.fnmatch_lines(["ERROR hygiene: file leaked by session fixture 'box' - *"])


def test_a_worker_that_replaces_a_crashed_one_counts_nothing_twice(run_workers):
    result = run_workers(CRASH + "\n    def test_more():\n        open('more.txt', 'w')\n", "-n1")
    result.stdout.fnmatch_lines(["hygiene: 3 leaks in 2 tests"])


def test_no_worker_restarts(run_workers):
    result = run_workers(CRASH, "-n1", "--max-worker-restart=0")
    result.stdout.fnmatch_lines(["hygiene: 2 leaks in 1 test, 1 outside tests"])


# -- reruns


#: Reruns of one run: a test that leaks in its first attempt, and one that leaks in each.
RERUN = """
    def test_at_first(attempts=[]):
        attempts.append(1)
        if len(attempts) == 1:
            open("left.txt", "w")

    def test_always():
        open('left.txt', 'w')
    """


@pytest.fixture
def rerun(run_workers_once):
    pytest.importorskip("pytest_rerunfailures")
    return run_workers_once(RERUN, "-n1", "--reruns=2", with_plugins=("rerunfailures",))


def test_the_last_attempt_decides(rerun):
    rerun.assert_outcomes(passed=1, failed=1)
    rerun.stdout.no_fnmatch_line("*in test_at_first *")


def test_a_leak_in_every_attempt_is_one_leak(rerun):
    rerun.stdout.fnmatch_lines(
        ["hygiene: 1 leak in 1 test", "FAILED test_suite.py::test_always - hygiene: *"]
    )


def test_an_attempt_on_another_worker_replaces_that_of_a_crashed_one(run_workers, pytester):
    pytest.importorskip("pytest_rerunfailures")
    suite = """
    import os, pathlib

    def test_it():
        tries = pathlib.Path("tries.txt")
        number = len(tries.read_text()) if tries.exists() else 0
        tries.write_text("x" * (number + 1))
        if number == 0:
            open("left.txt", "w")
        elif number == 1:
            os._exit(3)
    """
    result = run_workers(suite, "-n1", "--reruns=3", with_plugins=("rerunfailures",))
    assert (pytester.path / "tries.txt").read_text() == "xxx"
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


# -- the wire


#: Another plugin looks at each report that reaches the controller; the file's name is not text.
WIRE = """
    def test_it():
        open(b"left\\xff.txt", "w")
    """
LOOKS = """
    import pytest

    seen = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(report):
        seen.update(name for name in vars(report) if "hygiene" in name)

    def pytest_unconfigure(config):
        if not hasattr(config, "workerinput"):
            print("seen of ours:", sorted(seen))
    """


@pytest.fixture
def sent(run_workers_once):
    return run_workers_once(WIRE, "-n1", files={"conftest.py": LOOKS})


def test_other_plugins_never_meet_what_is_sent(sent):
    sent.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test", "seen of ours: [[]]"])


def test_a_file_name_that_is_not_text_is_sent_all_the_same(sent):
    sent.assert_outcomes(failed=1)
    sent.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


UNUSABLE = {
    "a mark": (
        {},
        '@pytest.mark.allow_leak("fiel")',
        "allow_leak on test_suite.py::test_it: unknown kind 'fiel'; *",
    ),
    "the hook of a directory": (
        {"part/conftest.py": "def pytest_hygiene_resources():\n    return 3", "part/test_part.py": ""},
        "",
        "pytest_hygiene_resources of *conftest.py: it returned 3, and *",
    ),
}


@pytest.mark.parametrize(
    ("what", "args"), [*((what, ()) for what in UNUSABLE), ("a mark", ("--hygiene=off",))]
)
def test_what_a_worker_finds_unusable_is_a_usage_error(run_workers, what, args):
    files, mark, message = UNUSABLE[what]
    suite = f"import pytest\n\n{mark}\ndef test_it():\n    pass\n"
    result = run_workers(suite, "-n2", *args, files=files)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_without_xdist_nothing_of_it_is_loaded(run_suite):
    suite = """
    import sys

    def test_it():
        assert "pytest_flask_hygiene.workers" not in sys.modules
    """
    run_suite(suite, with_plugins=("xdist",), subprocess=True).assert_outcomes(passed=1)
    run_suite(suite, subprocess=True).assert_outcomes(passed=1)
