"""What is still open after its owner has ended: the cases that no table of kinds and owners has."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest
from reading_runs import assert_silent, failures, marked

IMPORTS = """\
import asyncio, logging, logging.handlers, os, pathlib, shutil, socket, sqlite3, subprocess, sys, tempfile
import threading, unittest
import pytest

kept = []
"""
#: Runs when the plugin has gone: what was left must not turn up in the run that these tests are part of.
CONFTEST = """\
import asyncio, logging, os, sys

lists = []

# By the time of the other hook pytester has taken the modules out of sys.modules.
def pytest_sessionfinish():
    lists.extend(vars(module).get("kept", ()) for module in list(sys.modules.values()))

def pytest_unconfigure():
    for logger in map(logging.getLogger, ("shop", "other")):
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
            handler.close()
    asyncio.set_event_loop(None)
    for kept in lists:
        for thing in kept:
            if isinstance(thing, int):
                os.close(thing)
            elif hasattr(thing, "communicate"):
                thing.communicate()
            else:
                thing.close()
"""


def suite(source: str) -> str:
    return IMPORTS + dedent(source)


@pytest.fixture
def run(run_suite):
    def run(source: str, *args: str, **kwargs: object) -> pytest.RunResult:
        files = {"conftest.py": CONFTEST, **kwargs.pop("files", {})}
        return run_suite(suite(source), *args, files=files, **kwargs)

    return run


@pytest.fixture
def strict(run):
    return lambda source, *args, **kwargs: run(source, "--hygiene-strict", *args, **kwargs)


# -- found, and charged to the test at its teardown

LEFT = {
    "added_log_handler": (
        "file",
        """
        handler = logging.FileHandler("log.txt")  # leak
        logging.getLogger("shop").addHandler(handler)
        """,
    ),
    "log_handler_with_a_delay": (
        "file",
        """
        handler = logging.FileHandler("log.txt", delay=True)  # leak
        logging.getLogger("shop").addHandler(handler)
        logging.getLogger("shop").warning("opens it")
        """,
    ),
    "rolled_over_in_the_test": (
        "file",
        """
        handler = logging.handlers.RotatingFileHandler("log.txt", maxBytes=1, backupCount=1)  # leak
        logging.getLogger("shop").addHandler(handler)
        logging.getLogger("shop").warning("one")
        logging.getLogger("shop").warning("two")
        """,
    ),
    "current_loop": ("event-loop", "asyncio.set_event_loop(asyncio.new_event_loop())  # leak"),
    "ended_process": (
        "subprocess",
        """
        process = subprocess.Popen(["true"])  # leak
        kept.append(process)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        """,
    ),
    "pipe_of_a_process_waited_for": (
        "subprocess",
        """
        process = subprocess.Popen(["true"], stdout=subprocess.PIPE)  # leak
        kept.append(process)
        process.wait()
        """,
    ),
    "fdopen": (
        "file",
        """
        descriptor = os.open("left.txt", os.O_CREAT | os.O_WRONLY)
        kept.append(os.fdopen(descriptor, "w"))  # leak
        """,
    ),
    "opener": (
        "file",
        "kept.append(open('left.txt', 'w', opener=lambda path, flags: os.open(path, flags)))  # leak",
    ),
    "opened_by_pathlib": ("file", "kept.append(pathlib.Path('left.txt').open('w'))  # leak"),
    "bytes_name": ("file", "kept.append(open(b'left.txt', 'w'))  # leak"),
    "unbuffered": ("file", "kept.append(open('left.txt', 'wb', buffering=0))  # leak"),
    "deleted": (
        "file",
        """
        kept.append(open("gone.txt", "w"))  # leak
        os.remove("gone.txt")
        """,
    ),
    "renamed": (
        "file",
        """
        kept.append(open("one.txt", "w"))  # leak
        os.rename("one.txt", "two.txt")
        """,
    ),
    "named_temporary_file": ("file", "kept.append(tempfile.NamedTemporaryFile())  # leak"),
    "temporary_file": ("file", "kept.append(tempfile.TemporaryFile())  # leak"),
    "rolled_spooled_file": (
        "file",
        "kept.append(tempfile.SpooledTemporaryFile(1)); kept[-1].write(b'xx')  # leak",
    ),
    "listening_socket": ("socket", "kept.append(socket.create_server(('127.0.0.1', 0)))  # leak"),
    "duplicated_socket": (
        "socket",
        """
        with socket.socket() as first:
            kept.append(first.dup())  # leak
        """,
    ),
    "sqlite_used": (
        "sqlite",
        """
        kept.append(sqlite3.connect("left.db"))  # leak
        kept[-1].execute("create table item (name)")
        """,
    ),
    "sqlite_where_a_file_was": (
        "sqlite",
        """
        pathlib.Path("new.db").touch()
        kept.append(sqlite3.connect("new.db"))  # leak
        """,
    ),
    "in_a_cycle_of_a_list": (
        "file",
        """
        ring = [open("left.txt", "w")]  # leak
        ring.append(ring)
        kept.append(ring[0])
        """,
    ),
}


@pytest.fixture
def left_one_each(run_suite):
    """One test for each; which line of which kind it left."""

    def run(*args: str) -> tuple[pytest.RunResult, dict[str, tuple[str, int]]]:
        text = IMPORTS
        for name, (_, body) in LEFT.items():
            body = dedent(body).strip().replace("# leak", f"# leak {name}").replace("\n", "\n    ")
            text += f"\ndef test_{name}():\n    {body}\n"
        rows = text.splitlines()
        lines = {
            name: (kind, next(n for n, row in enumerate(rows, 1) if row.endswith(f"# leak {name}")))
            for name, (kind, _) in LEFT.items()
        }
        return run_suite(text, *args, files={"conftest.py": CONFTEST}), lines

    return run


def test_strict_charges_each_test_with_its_one_resource(left_one_each):
    result, lines = left_one_each("--hygiene-strict")
    found = {
        (name, when, *re.findall(r"^([a-z-]+)  \S", text, re.MULTILINE))
        for name, when, text in failures(result)
    }
    assert found == {(f"test_{name}", "teardown", kind) for name, (kind, _) in lines.items()}


def test_strict_names_each_line(left_one_each):
    result, lines = left_one_each("--hygiene-strict")
    found = {
        (name, int(number))
        for name, _, text in failures(result)
        for number in re.findall(r"^    test_suite\.py:(\d+)", text, re.MULTILINE)
    }
    assert found == {(f"test_{name}", line) for name, (_, line) in lines.items()}


def test_by_default_each_is_listed_and_nothing_fails(left_one_each):
    result, lines = left_one_each("-v")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["hygiene: no leaks", f"still open after their owners ended: {len(LEFT)} (*"])
    rows = re.findall(r"^ +1 x (\S+) +test_suite\.py:(\d+)", result.stdout.str(), re.MULTILINE)
    assert sorted((kind, int(line)) for kind, line in rows) == sorted(lines.values())


def test_a_socket_pair_is_two_resources(strict):
    source = "def test_pair():\n    kept.extend(socket.socketpair())  # leak\n"
    result = strict(source)
    result.stdout.fnmatch_lines(
        ["hygiene: test_pair left 2 resources open", "socket  *(2 times)", f"*:{marked(suite(source))} *"]
    )


# -- no finding, in strict mode

CLEAN = {
    "process_waited_for": """
        kept.append(subprocess.Popen(["true"]))
        kept[-1].wait()
        """,
    "process_polled_to_its_end": """
        kept.append(subprocess.Popen(["true"]))
        while kept[-1].poll() is None:
            pass
        """,
    "process_killed": """
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
            process.kill()
        kept.append(process)
        """,
    "run_with_output": "assert subprocess.run(['true'], capture_output=True).returncode == 0",
    "detached_and_closed": "os.close(socket.socket().detach())",
    "detached_and_taken_over": """
        with socket.socket(fileno=socket.socket().detach()):
            pass
        """,
    "fdopen": """
        with os.fdopen(os.open("closed.txt", os.O_CREAT | os.O_WRONLY), "w"):
            pass
        """,
    "borrowed_descriptor": """
        descriptor = os.open(__file__, os.O_RDONLY)
        with open(descriptor, closefd=False) as file:
            file.read()
        os.close(descriptor)
        """,
    "borrowed_and_kept": """
        descriptor = os.open(__file__, os.O_RDONLY)
        kept.append(open(descriptor, closefd=False))
        os.close(descriptor)
        """,
    "wrapper_of_standard_output": "kept.append(open(1, 'w', closefd=False))",
    "named_temporary_file_that_stays": """
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(b"x")
        """,
    "mkstemp": """
        descriptor, path = tempfile.mkstemp()
        os.close(descriptor)
        """,
    "spooled_file_in_memory": "kept.append(tempfile.SpooledTemporaryFile(100))",
    "pipe_closed": """
        for end in os.pipe():
            os.close(end)
        """,
    "closed_log_handler": """
        handler = logging.FileHandler("log.txt")
        logging.getLogger("other").addHandler(handler)
        logging.getLogger("other").warning("text")
        logging.getLogger("other").removeHandler(handler)
        handler.close()
        """,
    "log_handler_never_opened": """
        logging.getLogger("other").addHandler(logging.FileHandler("log.txt", delay=True))
        """,
    "asyncio_run": "asyncio.run(asyncio.sleep(0))",
    "loop_closed": """
        kept.append(asyncio.new_event_loop())
        kept[-1].close()
        """,
    "descriptor_reused_by_a_file": """
        os.close(os.open(__file__, os.O_RDONLY))
        request.getfixturevalue("wide_file")
        """,
    "descriptor_reused_by_a_socket": """
        os.close(os.open(__file__, os.O_RDONLY))
        request.getfixturevalue("wide_socket")
        """,
    "descriptor_reused_by_sqlite": """
        os.close(os.open(__file__, os.O_RDONLY))
        request.getfixturevalue("wide_database")
        """,
    "descriptor_of_the_same_file_reused_by_sqlite": """
        with open("other.db", "w"):
            pass
        request.getfixturevalue("other_database")
        """,
    "descriptor_reused_by_a_pipe": """
        os.close(os.open(__file__, os.O_RDONLY))
        request.getfixturevalue("wide_pipe")
        """,
    "pytests_own_fixtures": """
        for name in ("tmp_path", "capfd", "caplog", "recwarn", "monkeypatch", "tmp_path_factory"):
            request.getfixturevalue(name)
        request.getfixturevalue("tmp_path_factory").mktemp("other")
        with monkeypatch.context() as patch:
            patch.chdir(request.getfixturevalue("tmp_path"))
            pathlib.Path("some.txt").write_text("text")
        """,
    "directory_of_a_session_fixture": "request.getfixturevalue('directory')",
    "temporary_directory": """
        with tempfile.TemporaryDirectory() as path:
            pathlib.Path(path, "some.txt").touch()
        """,
    "temporary_directory_cleaned_up_and_kept": """
        directory = tempfile.TemporaryDirectory()
        directory.cleanup()
        kept_directories.append(directory)
        """,
    "mkdtemp_moved_away": """
        path = tempfile.mkdtemp()
        shutil.move(path, path + "x")
        shutil.rmtree(path + "x")
        """,
}
WIDE = """
kept_directories = []

@pytest.fixture(scope="session")
def wide_file():
    with open("wide.txt", "w") as file:
        yield file

@pytest.fixture(scope="session")
def wide_socket():
    with socket.socket() as sock:
        yield sock

def connected(path):
    connection = sqlite3.connect(path)
    connection.execute("create table item (name)")
    yield connection
    connection.close()

@pytest.fixture(scope="session")
def wide_database():
    yield from connected("wide.db")

@pytest.fixture(scope="session")
def other_database():
    yield from connected("other.db")

@pytest.fixture(scope="session")
def wide_pipe():
    ends = os.pipe()
    yield
    for end in ends:
        os.close(end)

@pytest.fixture(scope="session")
def directory(request):
    path = tempfile.mkdtemp()
    request.addfinalizer(lambda: shutil.rmtree(path))
    return path
"""


@pytest.mark.parametrize("mode", ["default", "strict"])
def test_no_finding(run_suite, mode):
    text = IMPORTS + WIDE
    for name, body in CLEAN.items():
        body = dedent(body).strip().replace("\n", "\n    ")
        text += f"\ndef test_{name}(request, monkeypatch):\n    {body}\n"
    flags = ("--hygiene-strict",) if mode == "strict" else ()
    assert_silent(run_suite(text, *flags, files={"conftest.py": CONFTEST}), len(CLEAN))


# -- held by what pytest holds: dropped with it, so an error by default

ON_SELF = {
    "plain class": """
        class TestIt:
            def test_it(self):
                self.file = open("left.txt", "w")  # leak
        """,
    "unittest": """
        class TestIt(unittest.TestCase):
            def test_it(self):
                self.file = open("left.txt", "w")  # leak
        """,
    "setUp": """
        class TestIt(unittest.TestCase):
            def setUp(self):
                self.file = open("left.txt", "w")  # leak

            def test_it(self):
                pass
        """,
    "fixture value": """
        @pytest.fixture
        def box():
            return []

        def test_it(box):
            box.append(open("left.txt", "w"))  # leak
        """,
    "parameter": """
        @pytest.mark.parametrize("box", [[]])
        def test_it(box):
            box.append(socket.socket())  # leak
        """,
}


@pytest.mark.parametrize("mode", ["default", "strict"])
@pytest.mark.parametrize("where", [name for name in ON_SELF if name != "parameter"])
def test_what_ends_with_the_tests_own_objects_is_an_error_at_its_teardown(run, where, mode):
    source = ON_SELF[where] + "\n        def test_innocent():\n            pass\n"
    result = run(source, *(("--hygiene-strict",) if mode == "strict" else ()))
    ((name, when, text),) = failures(result)
    assert (name, when) == ("test_it", "teardown")
    assert f"test_suite.py:{marked(suite(source))} " in text


def test_what_a_parameter_holds_is_left_open(strict):
    source = ON_SELF["parameter"]
    result = strict(source)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["socket  opened here and still open", f"*:{marked(suite(source))} *"])


def test_what_is_closed_by_teardown_functions_is_no_finding(strict):
    result = strict(
        """
        class TestPlain:
            def setup_method(self):
                self.file = open("closed.txt", "w")

            def teardown_method(self):
                self.file.close()

            def test_it(self):
                self.sock = socket.socket()
                self.sock.close()

        class TestUnittest(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.connection = sqlite3.connect(":memory:")
                cls.addClassCleanup(cls.connection.close)

            def setUp(self):
                self.file = open("closed.txt", "w")
                self.addCleanup(self.file.close)

            def test_it(self):
                self.other = open("closed.txt", "w")

            def tearDown(self):
                self.other.close()
        """
    )
    assert_silent(result, 2)


# -- log handlers

ROLLS_OVER = """
    def test_first():
        handler = logging.handlers.RotatingFileHandler("log.txt", maxBytes=1, backupCount=1)  # leak
        logging.getLogger("shop").addHandler(handler)
        logging.getLogger("shop").warning("one")

    def test_second():
        logging.getLogger("shop").warning("two")

    def test_third():
        handler = logging.getLogger("shop").handlers[0]
        logging.getLogger("shop").removeHandler(handler)
        {end}
    """


@pytest.mark.parametrize("mode", ["default", "strict"])
def test_a_handler_that_rolls_over_in_another_test_is_its_makers(run, mode):
    source = ROLLS_OVER.format(end="handler.close()")
    result = run(source, *(("--hygiene-strict",) if mode == "strict" else ()))
    tests = [(name, when) for name, when, _ in failures(result)]
    assert tests == ([("test_first", "teardown")] if mode == "strict" else [])
    result.stdout.fnmatch_lines([f"*file *test_suite.py:{marked(suite(source))} *"])


def test_a_handler_made_in_one_test_and_first_used_in_another_is_its_makers(strict):
    source = """
        def test_first():
            handler = logging.FileHandler("log.txt", delay=True)  # leak
            logging.getLogger("shop").addHandler(handler)

        def test_second():
            logging.getLogger("shop").warning("opens it")
        """
    result = strict(source)
    # Its test had been reported.
    assert "test_second" not in [name for name, _, _ in failures(result)]
    result.stdout.fnmatch_lines(
        ["outside tests:", "*found after *::test_first was reported:", f"*:{marked(suite(source))} *"]
    )


def test_a_session_fixtures_handler_may_roll_over_in_tests(strict):
    result = strict(
        """
        @pytest.fixture(scope="session")
        def log():
            handler = logging.handlers.RotatingFileHandler("log.txt", maxBytes=1, backupCount=1)
            log = logging.getLogger("shop")
            log.addHandler(handler)
            yield log
            log.removeHandler(handler)
            handler.close()

        @pytest.mark.parametrize("number", range(3))
        def test_logs(log, number):
            log.warning(number)
        """
    )
    assert_silent(result, 3)


# -- dropped later

DROPPED_LATER = """
    def test_first():
        kept.append(open("left.txt", "w"))  # leak

    def test_between():
        pass

    def test_later():
        kept.clear()
    """


def test_what_a_later_test_drops_is_a_session_finding_of_the_first(run):
    result = run(DROPPED_LATER)
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(
        ["outside tests:", "*found after *::test_first was reported:", f"*:{marked(suite(DROPPED_LATER))} *"]
    )


def test_what_was_dropped_since_is_no_longer_listed_as_open(run):
    run(DROPPED_LATER).stdout.no_fnmatch_line("still open after*")


def test_what_a_later_test_drops_is_reported_once_in_strict_mode(strict):
    result = strict(DROPPED_LATER)
    assert [(name, when) for name, when, _ in failures(result)] == [("test_first", "teardown")]
    result.stdout.fnmatch_lines(["hygiene: 1 leak in 1 test"])


def test_of_two_that_are_left_at_one_line_one_is_dropped(run):
    result = run(
        """
        def test_first():
            for number in range(2):
                kept.append(open(f"left{number}.txt", "w"))

        def test_later():
            del kept[0]
        """
    )
    result.stdout.fnmatch_lines(
        ["hygiene: 1 leak outside tests", "still open after their owners ended: 1 (*"]
    )


def test_what_a_later_test_closes_stays_listed_and_fails_nothing(run):
    result = run(DROPPED_LATER.replace("kept.clear()", "kept.pop().close()"))
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["still open after their owners ended: 1 (*"])


# -- the test's own outcome, marks and modes


@pytest.mark.parametrize("mode", ["default", "strict"])
def test_what_tests_that_do_not_pass_leave_open_is_no_finding(run, mode):
    result = run(
        """
        def test_fails():
            kept.append(open("left.txt", "w"))
            assert False

        def test_skips():
            kept.append(socket.socket())
            pytest.skip("enough")

        @pytest.mark.xfail
        def test_is_expected_to_fail():
            kept.append(sqlite3.connect(":memory:"))
            assert False

        @pytest.fixture
        def broken():
            kept.append(socket.socket())
            raise RuntimeError("broken")

        def test_is_not_set_up(broken):
            pass

        def test_innocent():
            pass
        """,
        *(("--hygiene-strict",) if mode == "strict" else ()),
    )
    result.assert_outcomes(failed=1, skipped=1, xfailed=1, errors=1, passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_a_mark_allows_what_is_left_open(strict):
    result = strict(
        """
        @pytest.mark.allow_leak("socket", reason="the driver keeps it")
        def test_socket():
            kept.append(socket.socket())

        @pytest.mark.allow_leak(reason="known")
        def test_anything():
            kept.append(open("left.txt", "w"))

        @pytest.mark.allow_leak("file", match="left", reason="known")
        def test_by_name():
            kept.append(open("left.txt", "w"))

        @pytest.mark.allow_leak("file", match="right", reason="known")
        def test_by_another_name():
            kept.append(open("left.txt", "w"))

        @pytest.mark.allow_leak("file", reason="known")
        def test_another_kind():
            kept.append(socket.socket())
        """
    )
    # Two leaks, and two marks that cover nothing.
    result.assert_outcomes(passed=5, errors=4)
    assert [name for name, _, _ in failures(result)] == ["test_by_another_name", "test_another_kind"]
    result.stdout.fnmatch_lines(["allowed: 3 leaks"])


def test_a_mark_allows_what_a_later_test_drops(run):
    result = run(
        DROPPED_LATER.replace("def test_first", '@pytest.mark.allow_leak("file")\n    def test_first')
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["hygiene: no leaks", "allowed: 1 leak"])


def test_warn_lists_what_strict_would_fail(strict):
    source = "def test_it():\n    kept.append(open('left.txt', 'w'))  # leak\n"
    result = strict(source, "--hygiene=warn")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "hygiene: 1 leak in 1 test (warn: nothing fails)",
            f"*1 test  file *test_suite.py:{marked(suite(source))} *",
        ]
    )


def test_xfail_is_not_satisfied_by_what_is_left_open(strict):
    result = strict(
        """
        @pytest.mark.xfail
        def test_it():
            kept.append(open("left.txt", "w"))
        """
    )
    result.assert_outcomes(xpassed=1, errors=1)


def test_equal_sites_are_one_row_of_the_list(run):
    source = """
        @pytest.mark.parametrize("number", range(30))
        def test_many(number):
            kept.append(open("left.txt", "w"))  # leak
        """
    result = run(source)
    result.stdout.fnmatch_lines(
        [
            "still open after their owners ended: 30 (*",
            f"*30 x file *:{marked(suite(source))} *",
            "*first in *test_many?0?",
        ]
    )


# -- libraries

LIBRARY = """
import socket

opened = []

def pytest_runtest_call(item):
    opened.append(socket.socket())

def pytest_runtest_setup(item):
    opened.append(open(__file__))

def pytest_unconfigure():
    for each in opened:
        each.close()
"""
WITH_LIBRARY = {"site-packages/somelib.py": LIBRARY, "pytest.ini": "[pytest]\npythonpath = site-packages\n"}


def test_what_a_library_opens_in_its_own_hooks_is_nobodys(run_suite):
    result = run_suite(
        "def test_it():\n    pass\n",
        "--hygiene-strict",
        "-v",
        "-p",
        "somelib",
        files=WITH_LIBRARY,
        subprocess=True,
    )
    assert_silent(result, 1)


def test_what_a_library_opens_for_the_reader_is_the_readers(run_suite):
    files = {
        "site-packages/somelib.py": "import socket\n\ndef connect():\n    return socket.socket()\n",
        "pytest.ini": "[pytest]\npythonpath = site-packages\n",
    }
    source = "def test_it():\n    import somelib\n    kept.append(somelib.connect())  # leak\n"
    result = run_suite(suite(source), "--hygiene-strict", files={"conftest.py": CONFTEST, **files})
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["socket  *", f"    test_suite.py:{marked(suite(source))} *"])
