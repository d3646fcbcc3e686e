"""What test tools open is nobody's finding, also where everything left open fails."""

from __future__ import annotations

# Parts of it are pickled by name: they must be the same in each run inside this process.
import concurrent.futures.process  # noqa: F401
import multiprocessing.pool  # noqa: F401
import os
import sys
from textwrap import dedent

import pytest

STRICT = "--hygiene-strict"

PLAIN = """
    import logging
    import os
    import subprocess
    import sys

    def test_prints(capsys):
        print("out")
        print("err", file=sys.stderr)
        assert capsys.readouterr().out == "out\\n"

    def test_writes_to_descriptors(capfd):
        os.write(1, b"out")
        assert capfd.readouterr().out == "out"

    def test_writes_bytes(capfdbinary):
        os.write(2, b"err")

    def test_logs(caplog):
        logging.getLogger("shop").warning("no stock")
        assert "no stock" in caplog.text

    def test_talks():
        print("out")
        logging.getLogger("shop").error("bad")
        subprocess.run([sys.executable, "-S", "-c", "print('child')"], check=True)
    """
FIXTURES = """
    import doctest
    import warnings

    import pytest

    def test_directories(tmp_path, tmp_path_factory):
        (tmp_path / "one.txt").write_text("text")
        (tmp_path_factory.mktemp("more") / "two.txt").write_text("text")

    def test_patches(monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("SHOP", "yes")
        monkeypatch.syspath_prepend(tmp_path)

    def test_warns(recwarn):
        warnings.warn("old")
        assert len(recwarn) == 1

    def test_records(record_testsuite_property, request, pytestconfig):
        record_testsuite_property("key", "value")
        assert pytestconfig.getoption("verbose") == request.config.option.verbose

    def test_disabled(capsys):
        with capsys.disabled():
            print("seen")

    @pytest.mark.parametrize("number", [1, 2])
    def test_numbers(number):
        assert number
    """
LOGGING = """
    import logging

    import pytest

    def test_basic_config():
        logging.basicConfig(filename="shop.log", force=True)
        logging.warning("no stock")
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)

    @pytest.fixture
    def log():
        handler = logging.FileHandler("fixture.log")
        logging.getLogger("shop").addHandler(handler)
        yield
        logging.getLogger("shop").removeHandler(handler)
        handler.close()

    def test_handler(log):
        logging.getLogger("shop").warning("no stock")
    """
ASYNCIO = """
    import asyncio
    import socket
    import subprocess
    import sys

    async def serve():
        async def handle(reader, writer):
            writer.write(await reader.readline())
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\\n")
            assert await reader.readline() == b"hello\\n"
            writer.close()
            await writer.wait_closed()

    def test_streams():
        asyncio.run(serve())

    def test_threads():
        async def main():
            await asyncio.gather(asyncio.to_thread(len, "one"), asyncio.to_thread(len, "two"))

        asyncio.run(main())

    def test_subprocesses():
        async def main():
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-S", "-c", "print('child')", stdout=subprocess.PIPE
            )
            out, _ = await process.communicate()
            assert out.split() == [b"child"]

        asyncio.run(main())

    def test_by_hand():
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(asyncio.sleep(0))
            loop.run_until_complete(loop.run_in_executor(None, len, "one"))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
    """
WORKERS = """
    import concurrent.futures
    import multiprocessing
    import threading

    def double(number):
        return 2 * number

    def test_thread_pool():
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            assert list(pool.map(double, [1, 2])) == [2, 4]

    def test_process_pool():
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
            assert list(pool.map(double, [1, 2])) == [2, 4]

    def test_multiprocessing_pool():
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.map(double, [1, 2]) == [2, 4]
        pool.join()

    def test_multiprocessing_thread_pool():
        from multiprocessing.pool import ThreadPool

        with ThreadPool(1) as pool:
            assert pool.map(double, [1, 2]) == [2, 4]
        pool.join()

    def test_timer():
        done = threading.Event()
        timer = threading.Timer(0.01, done.set)
        timer.start()
        assert done.wait(5)
        timer.join()

    def test_thread_that_is_about_to_end():
        threading.Timer(0.01, print).start()
    """
MISCELLANY = """
    import cProfile
    import faulthandler
    import linecache
    import shelve
    import sqlite3
    import tempfile
    import tracemalloc
    import zipfile

    import flask

    def test_profile():
        with cProfile.Profile() as profile:
            sum(range(10))
        profile.dump_stats("profile.out")

    def test_temporary_files():
        with tempfile.NamedTemporaryFile() as named, tempfile.SpooledTemporaryFile(1) as spooled:
            named.write(b"text")
            spooled.write(b"text")
        with tempfile.TemporaryDirectory() as directory:
            open(f"{directory}/file", "w").close()

    def test_archives():
        with zipfile.ZipFile("archive.zip", "w") as archive:
            archive.writestr("name", "text")
        with shelve.open("shelf") as shelf:
            shelf["key"] = "value"

    def test_faulthandler():
        with open("fault.txt", "w") as file:
            faulthandler.dump_traceback(file)

    def test_sqlite():
        connection = sqlite3.connect(":memory:")
        with connection:
            connection.execute("create table stock (name)")
        connection.close()

    def test_flask(tmp_path):
        (tmp_path / "page.html").write_text("{{ 1 + 1 }}")
        app = flask.Flask("shop", template_folder=tmp_path)
        app.add_url_rule("/", view_func=lambda: flask.render_template("page.html"))
        assert app.test_client().get("/").text == "2"
        app.cli.command("count")(lambda: print(1 + 1))
        assert app.test_cli_runner().invoke(args=["count"]).output == "2\\n"

    def test_tracemalloc():
        tracemalloc.start()
        tracemalloc.take_snapshot()
        tracemalloc.stop()
    """
REPORTER = """
    class Reporter:
        def __init__(self, path):
            self.file = open(path, "w", buffering=1)

        def pytest_runtest_logreport(self, report):
            self.file.write(f"{report.nodeid} {report.when}\\n")

    def pytest_configure(config):
        config.reporter = Reporter("report.log")
        config.pluginmanager.register(config.reporter)

    def pytest_unconfigure(config):
        config.reporter.file.close()
    """

#: The suite, the options, other files.
TOOLS = {
    "capture fd": (PLAIN, ("--capture=fd",), {}),
    "capture sys": (PLAIN, ("--capture=sys",), {}),
    "capture tee-sys": (PLAIN, ("--capture=tee-sys",), {}),
    "capture no": (PLAIN, ("--capture=no",), {}),
    "fixtures": (FIXTURES, (), {}),
    "log file": (PLAIN, ("--log-file=all.log", "--log-cli-level=INFO", "--log-file-level=DEBUG"), {}),
    "junit xml": (FIXTURES, ("--junitxml=report.xml", "-o", "junit_logging=all"), {}),
    "a plugin's own report": (FIXTURES, (), {"conftest.py": REPORTER}),
    "faulthandler": (FIXTURES, ("-o", "faulthandler_timeout=60"), {}),
    "debug log": (FIXTURES, ("--debug=debug.log",), {}),
    "cache": (FIXTURES, ("-p", "cacheprovider", "-p", "stepwise"), {}),
    "doctests": (
        FIXTURES,
        ("--doctest-modules",),
        {"shop.py": '"""\n>>> open("closed.txt", "w").close()\n"""\n'},
    ),
    "logging": (LOGGING, (), {}),
    "asyncio": (ASYNCIO, (), {}),
    "workers": (WORKERS, (), {}),
    "miscellany": (MISCELLANY, (), {}),
}


def assert_silent(result: pytest.RunResult) -> None:
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["hygiene: no leaks"])
    result.stdout.no_fnmatch_line("*a fault of pytest-flask-hygiene*")
    result.stdout.no_fnmatch_line("still open after*")
    result.stdout.no_fnmatch_line("*charged to nobody*")


@pytest.mark.parametrize("tool", TOOLS)
def test_silent_about(run_suite, tool):
    suite, args, files = TOOLS[tool]
    assert_silent(run_suite(suite, *args, STRICT, files=files))


TYPIST = """
    import io
    import pdb
    import sys

    class Typist(pdb.Pdb):
        def __init__(self, *args, **keywords):
            super().__init__(*args, **keywords, stdin=io.StringIO("c\\n"), stdout=sys.stdout)
    """


def test_silent_about_breakpoint(run_suite):
    suite = "def test_stops():\n    breakpoint()\n"
    result = run_suite(suite, "--pdbcls=typist:Typist", STRICT, files={"typist.py": TYPIST})
    assert_silent(result)
    result.stdout.fnmatch_lines(["*(Pdb)*"])


HYPOTHESIS = """
    from hypothesis import given, settings, strategies

    @settings(max_examples=5)
    @given(strategies.integers())
    def test_numbers(number):
        assert number == number
    """


def test_silent_about_hypothesis_and_its_database(run_suite):
    pytest.importorskip("hypothesis")
    assert_silent(run_suite(HYPOTHESIS, STRICT, with_plugins=("hypothesispytest",)))


def test_silent_about_randomly(run_suite):
    pytest.importorskip("pytest_randomly")
    assert_silent(run_suite(FIXTURES, "--randomly-seed=1", STRICT, with_plugins=("randomly",)))


def test_silent_about_coverage_with_branches(run_suite):
    pytest.importorskip("pytest_cov")
    args = ("--cov=.", "--cov-branch", STRICT)
    assert_silent(run_suite(FIXTURES, *args, with_plugins=("pytest_cov",), subprocess=True))


def test_silent_about_xdist(run_suite):
    pytest.importorskip("xdist")
    suite = dedent(PLAIN) + dedent(FIXTURES)
    assert_silent(run_suite(suite, "-n2", STRICT, with_plugins=("xdist",), subprocess=True))


def test_what_a_plugin_opens_is_not_charged_to_the_script_that_runs_pytest(pytester, monkeypatch):
    installed = pytester.mkdir("site-packages")
    (installed / "opens_files.py").write_text("def pytest_collection_modifyitems():\n    open(__file__)\n")
    monkeypatch.setenv("PYTHONPATH", str(installed), prepend=os.pathsep)
    pytester.makepyfile(test_suite="def test_it():\n    pass\n")
    launcher = pytester.makepyfile(
        run_tests="import sys\n\nimport pytest\n\nsys.exit(pytest.main(sys.argv[1:]))\n"
    )
    result = pytester.run(sys.executable, launcher, "-p", "no:cacheprovider", "-p", "opens_files")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK
