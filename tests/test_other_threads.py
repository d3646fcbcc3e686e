"""Threads that act while a test ends, or while the plugin looks at what it has left."""

from __future__ import annotations

from textwrap import dedent

import pytest

IMPORTS = """\
import gc, io, os, socket, sqlite3, subprocess, sys, threading, time
import pytest

"""


@pytest.fixture
def run_threads(run_suite):
    def run(source, *args, **kwargs):
        # An audit hook stays for the rest of the process; so may a thread.
        return run_suite(suite(source), *args, subprocess=True, **kwargs)

    return run


def suite(source: str) -> str:
    return IMPORTS + dedent(source)


def test_a_cycle_is_found_while_another_thread_collects(run_threads):
    """``gc.collect()`` does nothing then."""
    result = run_threads(
        """
        collecting = threading.Event()

        class Slow:
            def __del__(self):
                collecting.set()
                time.sleep(0.3)

        def collect():
            slow = Slow()
            slow.itself = slow
            del slow
            gc.collect()

        class Holder:
            pass

        def test_drops():
            threading.Thread(target=collect).start()
            assert collecting.wait(30)
            holder = Holder()
            holder.itself, holder.file = holder, open(__file__)
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_drops left 1 resource open"])


def test_a_collection_that_does_not_end_is_waited_for_once(run_threads):
    result = run_threads(
        """
        collecting, stop = threading.Event(), threading.Event()

        class Endless:
            def __del__(self):
                collecting.set()
                stop.wait(100)

        def collect():
            endless = Endless()
            endless.itself = endless
            del endless
            gc.collect()

        @pytest.fixture(scope="module")
        def thread():
            began = time.monotonic()
            thread = threading.Thread(target=collect)
            thread.start()
            assert collecting.wait(30)
            yield
            stop.set()
            thread.join()
            assert time.monotonic() - began < 50

        @pytest.mark.parametrize("number", range(100))
        def test_innocent(thread, number):
            pass
        """
    )
    result.assert_outcomes(passed=100)


UPLOADS = """\
    from flask import Flask, request

    reading, go_on = threading.Event(), threading.Event()
    texts, kept = [], []
    app = Flask(__name__)

    @app.post("/upload")
    def upload():
        if request.args:
            reading.set()
            assert go_on.wait(30)
        return str(len(request.files["file"].read()))

    def post(url):
        with app.test_client() as client:
            response = client.post(url, data={"file": (io.BytesIO(b"x" * 600_000), "a.bin")})
            texts.append(response.text)
            kept.append(response.request.environ["wsgi.input"])
"""


def test_the_end_of_a_test_leaves_an_upload_alone_that_a_fixtures_thread_makes(run_threads):
    result = run_threads(
        dedent(UPLOADS)
        + dedent(
            """
            @pytest.fixture(scope="module")
            def thread():
                thread = threading.Thread(target=post, args=["/upload?wait=1"])
                thread.start()
                assert reading.wait(30)
                yield thread
                thread.join()

            def test_uploads_as_well(thread):
                post("/upload")

            def test_has_what_the_thread_got(thread):
                go_on.set()
                thread.join()
                assert texts == ["600000", "600000"]
            """
        )
    )
    result.assert_outcomes(passed=2)


def test_the_end_of_a_test_closes_an_upload_of_a_thread_that_it_has_started(run_threads):
    result = run_threads(
        dedent(UPLOADS)
        + dedent(
            """
            @pytest.fixture(scope="module", autouse=True)
            def closed_afterwards():
                yield
                assert [file.closed for file in kept] == [True]

            def test_uploads():
                thread = threading.Thread(target=post, args=["/upload"])
                thread.start()
                thread.join()
                assert [file.closed for file in kept] == [False]
            """
        )
    )
    result.assert_outcomes(passed=1)


#: What a thread is in the middle of opening when the test that has started it ends; it drops it later.
OPENINGS = {
    "file": "open(__file__)  # leak",
    "socket": "socket.socket()  # leak",
}


@pytest.mark.parametrize("kind", OPENINGS)
def test_what_a_thread_is_opening_when_its_test_ends_is_charged_to_that_test(run_threads, kind):
    text = suite(
        f"""
        opening, go_on, done = (threading.Event() for _ in range(3))

        def wait(event, args):
            in_thread = threading.current_thread() is not threading.main_thread()
            if in_thread and event in ("open", "socket.__new__"):
                opening.set()
                go_on.wait(30)

        def work():
            {OPENINGS[kind]}
            done.set()

        def test_starts():
            sys.addaudithook(wait)
            threading.Thread(target=work).start()
            assert opening.wait(30)

        def test_innocent():
            go_on.set()
            assert done.wait(30)
        """
    )
    result = run_threads(text)
    # Outside tests: its test has been reported.
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines([f"ERROR hygiene: {kind} leaked by test_suite.py::test_starts *"])


def test_a_subprocess_is_one_resource_while_another_thread_starts_one(run_threads):
    text = suite(
        """
        PIPES = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        threads = []

        def start_another(event, args):
            # The first pipe of the test's is being opened, and two more are to come.
            if event == "open" and type(args[0]) is int and not threads:
                threads.append(threading.Thread(target=run_to_its_end))
                threads[0].start()
                threads[0].join()

        def run_to_its_end():
            with subprocess.Popen(["true"], **PIPES):
                pass

        def test_drops():
            sys.addaudithook(start_another)
            process = subprocess.Popen(["true"], **PIPES)  # leak
            # It has ended when it is dropped, and is not kept until then (subprocess._active).
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        """
    )
    result = run_threads(text)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_drops left 1 resource open"])


def test_a_subprocess_that_could_not_be_started_is_not_taken_for_the_next(run_threads):
    text = suite(
        """
        def test_fails():
            for _ in range(2):
                with pytest.raises(LookupError):
                    subprocess.Popen(["true"], stdout=subprocess.PIPE, encoding="nonsense")

        def test_drops():
            subprocess.Popen(["sleep", "1"], stdout=subprocess.PIPE)  # leak
        """
    )
    result = run_threads(text, "-W", "ignore::pytest.PytestUnraisableExceptionWarning")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_drops left 1 resource open"])


def test_a_thread_that_runs_nothing_but_a_collection_is_no_fault(run_threads):
    """It has no Python frame."""
    result = run_threads(
        """
        import _thread
        from gc import collect

        collected = threading.Event()

        class Dropped:
            def __del__(self):
                collected.set()

        def test_collects():
            gc.disable()
            dropped = Dropped()
            dropped.itself = dropped
            del dropped
            _thread.start_new_thread(collect, ())
            assert collected.wait(30)
            gc.enable()
        """,
        "-W",
        "error",
    )
    result.assert_outcomes(passed=1)
    result.stderr.no_fnmatch_line("*Error*")


def test_a_warning_that_comes_when_the_run_is_over_is_shown_as_before(run_threads):
    """Another thread may be about to call what the plugin has put there."""
    conftest = """
        import atexit, sys, warnings
        import pytest

        class Raises:
            def __del__(self):
                raise KeyError("of the finalizer")

        def late(show, hook):
            before = warnings._showwarnmsg, sys.unraisablehook
            warnings._showwarnmsg, sys.unraisablehook = show, hook
            warnings.simplefilter("always")
            warnings.warn("of the warning")
            Raises()
            warnings._showwarnmsg, sys.unraisablehook = before

        @pytest.fixture(scope="session", autouse=True)
        def theirs():
            atexit.register(late, warnings._showwarnmsg, sys.unraisablehook)
    """
    result = run_threads("def test_passes(): pass", files={"conftest.py": conftest})
    result.assert_outcomes(passed=1)
    result.stderr.fnmatch_lines(["*UserWarning: of the warning*"])
    # The other one goes to pytest's own hook, which keeps it.
    for error in ("AssertionError", "TypeError"):
        result.stderr.no_fnmatch_line(f"*{error}*")


def test_a_file_that_another_thread_is_opening_is_not_taken_for_one_of_the_test(run_threads):
    """It has its descriptor, which was the test's before, and no name yet."""
    result = run_threads(
        """
        begin, opening, go_on, opened, done = (threading.Event() for _ in range(5))

        def open_it(*_):
            opening.set()
            assert go_on.wait(30)
            return os.dup(0)

        class File(io.FileIO):
            def __setattr__(self, name, value):
                if name == "name":
                    opened.set()
                    assert done.wait(30)
                super().__setattr__(name, value)

        def work():
            assert begin.wait(30)
            File(os.devnull, opener=open_it).close()

        @pytest.fixture(scope="module")
        def thread():
            thread = threading.Thread(target=work)
            thread.start()
            yield
            done.set()
            thread.join()

        def test_closes_its_own(thread):
            begin.set()
            assert opening.wait(30)
            open(__file__).close()
            go_on.set()
            assert opened.wait(30)

        def test_last(thread):
            pass
        """,
        "--hygiene-strict",
    )
    result.assert_outcomes(passed=2)
