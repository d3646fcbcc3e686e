"""What is still open after its owner has ended: kinds and ways that no table of kinds and owners has."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest
from left_open_suites import CONFTEST, IMPORTS, suite
from reading_runs import assert_silent, failures, marked

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
    "subclass_of_temporary_directory": (
        "tempdir",
        """
        class Directory(tempfile.TemporaryDirectory):
            def close(self):
                self.cleanup()

        kept.append(Directory())  # leak
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


def test_a_socket_pair_is_two_resources(run_suite):
    source = "def test_pair():\n    kept.extend(socket.socketpair())  # leak\n"
    result = run_suite(suite(source), "--hygiene-strict", files={"conftest.py": CONFTEST})
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
    "mkdtemp_with_a_finalizer": """
        class Remover:
            def __getattr__(self, name):
                raise RuntimeError(name)

            def __call__(self, path):
                shutil.rmtree(path)

        import io, weakref
        kept.append(io.BytesIO())
        weakref.finalize(kept[-1], Remover(), tempfile.mkdtemp())
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
