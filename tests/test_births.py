"""Who opened what, and where: one audit hook for the process, quiet when nobody records."""

from __future__ import annotations

import os
import sys
from textwrap import dedent

import pytest
from reading_runs import marked, without_fault

ATTRIBUTE = "_pytest_flask_hygiene_audit"
IMPORTS = "import gc, importlib, os, socket, sys, tempfile, threading\nimport pytest\n"


def suite(source: str) -> str:
    return IMPORTS + dedent(source)


# -- the hook itself


def test_many_runs_in_one_process_share_one_hook(run_suite):
    for _ in range(5):
        run_suite("def test_it():\n    pass\n", "-q")
    heard: list[object] = []
    handlers = getattr(sys, ATTRIBUTE)
    handlers["hygiene.probe"] = heard.append
    try:
        sys.audit("hygiene.probe")
    finally:
        del handlers["hygiene.probe"]
    assert len(heard) == 1


def test_a_run_gives_the_hook_back_to_the_outer_run(run_suite):
    run_suite("def test_it():\n    pass\n", "-q")
    before = dict(getattr(sys, ATTRIBUTE))
    run_suite("def test_it():\n    pass\n", "-q")
    assert getattr(sys, ATTRIBUTE) == before


SCRIPT = f"""
import sys
import pytest
from _pytest.config import main

OURS = ("-p", "pytest_flask_hygiene.plugin", "-p", "no:cacheprovider")
code = main(["-q", *OURS, "test_suite.py", *sys.argv[1:]])
print("handlers:", getattr(sys, "{ATTRIBUTE}", None), "code:", int(code))
"""


@pytest.mark.parametrize(
    ("body", "flags", "handlers", "code"),
    [
        ("pass", (), "{}", 0),
        ("open(__file__)", (), "{}", 1),
        ("raise KeyboardInterrupt", (), "{}", 2),
        ("pass", ("--no-such-flag",), "{}", 4),
        ("pass", ("--hygiene=off",), "None", 0),
    ],
    ids=["passes", "leaks", "interrupted", "usage error", "off"],
)
def test_nothing_is_recorded_after_a_run(pytester, monkeypatch, body, flags, handlers, code):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_suite=f"def test_it():\n    {body}\n", script=SCRIPT)
    result = pytester.run(sys.executable, "script.py", *flags)
    result.stdout.fnmatch_lines([f"handlers: {handlers} code: {code}"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_records_nothing(run_suite):
    result = run_suite(
        suite(
            f"""
            def test_it():
                child = os.fork()
                if not child:
                    os._exit(len(sys.{ATTRIBUTE}))
                assert os.waitpid(child, 0)[1] == 0
                assert sys.{ATTRIBUTE}
            """
        ),
        subprocess=True,
    )
    result.assert_outcomes(passed=1)


def test_a_failing_audited_call_fails_as_without_us(run_suite):
    result = run_suite(
        suite(
            """
            @pytest.mark.parametrize("path", [None, 3.5, "no such file", b"none", "nul\\0", object(), -1])
            def test_it(path):
                with pytest.raises((TypeError, OSError, ValueError)):
                    open(path)
            """
        )
    )
    result.assert_outcomes(passed=7)
    result.stdout.no_fnmatch_line("*fault*")


# -- the right line

LINES = {
    "reopened path": """
        def test_it(tmp_path):
            open(tmp_path / "x", "w").close()
            open(tmp_path / "x")  # leak
            open(tmp_path / "x").close()
        """,
    "same path twice": """
        def test_it():
            first = open(__file__)
            second = open(__file__)  # leak
            first.close()
        """,
    "reused descriptor": """
        def test_it():
            other = open(os.devnull)
            other.close()
            open(__file__)  # leak
        """,
    "TemporaryFile": """
        def test_it():
            tempfile.TemporaryFile()  # leak
        """,
    "fdopen": """
        def test_it():
            descriptor = os.open(__file__, os.O_RDONLY)
            os.fdopen(descriptor)  # leak
        """,
    "open of a descriptor": """
        def test_it():
            descriptor = os.open(__file__, os.O_RDONLY)
            open(descriptor)  # leak
        """,
    "bytes path": """
        def test_it():
            open(os.fsencode(__file__))  # leak
        """,
    "relative path": """
        def test_it(tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            open("x", "w")  # leak
        """,
    "binary, no buffer": """
        def test_it():
            open(__file__, "rb", buffering=0)  # leak
        """,
    "pathlib": """
        def test_it(tmp_path):
            (tmp_path / "x").open("w")  # leak
        """,
    "makefile": """
        def test_it():
            left, right = socket.socketpair()
            right.close()
            file = left.makefile()
            left.close()
            file.close()
            socket.socket()  # leak
        """,
    "deep stack": """
        def deep(depth):
            return deep(depth - 1) if depth else open(__file__)  # leak

        def test_it():
            deep(300)
        """,
}


@pytest.mark.parametrize("style", LINES)
def test_a_leak_is_reported_at_the_line_that_opened_it(run_suite, style):
    text = suite(LINES[style] + "\n        def test_innocent():\n            gc.collect()\n")
    result = run_suite(text)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["hygiene: test_it left 1 resource open", f"*test_suite.py:{marked(text)} *"])


# -- the right owner


def test_an_import_in_mid_test_owns_what_it_opens(run_suite):
    result = run_suite(
        "def test_imports():\n    import late\n", files={"late.py": "opened = open(__file__)\ndel opened\n"}
    )
    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["hygiene: 1 leak outside tests", "*the import of *late.py*", "*late.py:1 *", "ERROR hygiene: *"]
    )


def test_a_function_called_from_an_imported_module_belongs_to_its_test(run_suite):
    result = run_suite(
        "def test_calls():\n    import late\n    late.leak()\n",
        files={"late.py": "def leak():\n    open(__file__)\n"},
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*late.py:2 *in leak *"])


def test_a_global_of_an_import_that_stays_open_fails_nobody(run_suite):
    result = run_suite(
        "def test_imports():\n    import late\n", files={"late.py": "opened = open(__file__)\n"}
    )
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("opener", ["open(__file__)", "socket.socket()"])
def test_a_threads_leak_belongs_to_the_test_that_started_it(run_suite, opener):
    text = suite(
        f"""
        def work():
            {opener}  # leak

        def test_starts():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

        def test_innocent():
            pass
        """
    )
    result = run_suite(text)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["hygiene: test_starts left 1 resource open", f"*test_suite.py:{marked(text)} *in work *"]
    )


@pytest.mark.parametrize("path", ["__file__", "pathlib.Path(__file__)", "os.fsencode(__file__)"])
@pytest.mark.parametrize(
    "meanwhile",
    [
        "kept.append(os.dup(0))",
        "kept.append(open(os.devnull))",
        "kept.append(sqlite3.connect('shop.db', check_same_thread=False).cursor())",
    ],
)
def test_a_file_whose_descriptor_another_thread_took_is_found_by_its_name(run_suite, path, meanwhile):
    text = suite(
        f"""
        import pathlib, sqlite3

        kept = []

        def take_the_descriptor(event, args):
            if event == "open" and args[0] in (__file__, pathlib.Path(__file__), os.fsencode(__file__)):
                thread = threading.Thread(target=lambda: {meanwhile})
                thread.start()
                thread.join()

        def test_opens():
            sys.addaudithook(take_the_descriptor)
            open({path})  # leak
        """
    )
    # An audit hook stays for the rest of the process.
    result = run_suite(text, subprocess=True)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["hygiene: test_opens left 1 resource open", f"*test_suite.py:{marked(text)} *in test_opens *"]
    )


def test_a_class_without_weak_references_in_a_file_called_subprocess_is_no_fault(run_suite):
    shop = """
    class Pipe:
        __slots__ = ("file",)

        def __init__(self, descriptor):
            self.file = open(descriptor)
    """
    source = """
    import os
    from shop.subprocess import Pipe

    def test_reads():
        Pipe(os.open(os.devnull, os.O_RDONLY))
    """
    result = run_suite(source, files={"shop/__init__.py": "", "shop/subprocess.py": shop})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["    shop/subprocess.py:6 *in __init__ *"])
    assert without_fault(result)


def test_a_thread_of_a_thread_belongs_to_the_same_test(run_suite):
    result = run_suite(
        suite(
            """
            def run(target):
                thread = threading.Thread(target=target)
                thread.start()
                thread.join()

            def test_starts():
                run(lambda: run(lambda: open(__file__)))
            """
        )
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["hygiene: test_starts left 1 resource open"])


def test_a_fixtures_thread_is_not_charged_to_the_test_it_works_in(run_suite):
    text = suite(
        """
        @pytest.fixture(scope="module")
        def worker():
            begin, done = threading.Event(), threading.Event()

            def work():
                begin.wait(10)
                open(__file__)  # leak
                done.set()

            thread = threading.Thread(target=work)
            thread.start()
            yield begin, done
            thread.join()

        def test_begins(worker):
            worker[0].set()
            assert worker[1].wait(10)

        def test_last(worker):
            pass
        """
    )
    result = run_suite(text)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*module fixture 'worker'*", f"*test_suite.py:{marked(text)} *in work *"])
