"""What strict mode must not complain of: things that go on, but are somebody's to close, or nobody's."""

from __future__ import annotations

import pytest

APP = """
    import sqlite3
    import tempfile
    from concurrent.futures import ThreadPoolExecutor

    class Lazy:
        def __init__(self):
            self.opened = []

        def database(self):
            self.opened.append(sqlite3.connect(":memory:"))

        def file(self, path):
            self.opened.append(open(path, "w"))

        def directory(self):
            self.opened.append(tempfile.TemporaryDirectory())

        def close(self):
            for each in self.opened:
                getattr(each, "close", getattr(each, "cleanup", None))()
    """

FIRST_USES = """
    import sqlite3
    import unittest
    from concurrent.futures import ThreadPoolExecutor

    import pytest

    import shop

    @pytest.fixture(scope="session")
    def lazy():
        lazy = shop.Lazy()
        yield lazy
        lazy.close()

    @pytest.fixture(scope="module")
    def pool():
        with ThreadPoolExecutor(1) as pool:
            yield pool

    def test_database(lazy):
        lazy.database()

    def test_file(lazy, tmp_path):
        lazy.file(tmp_path / "x")

    def test_directory(lazy):
        lazy.directory()

    def test_pool(pool):
        pool.submit(int).result()

    class TestClass(unittest.TestCase):
        def test_connects(self):
            type(self).connection = sqlite3.connect(":memory:")

        @classmethod
        def tearDownClass(cls):
            cls.connection.close()

    def test_module():
        global connection
        connection = sqlite3.connect(":memory:")

    def teardown_module():
        connection.close()
    """


def test_what_a_wider_fixture_opens_on_first_use_and_closes(run_suite):
    result = run_suite(FIRST_USES, "--hygiene-strict", files={"shop.py": APP})
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


FACTORIES = """
    import sqlite3

    import pytest

    @pytest.fixture(scope="session")
    def connect():
        connections = []

        def connect():
            connections.append(sqlite3.connect(":memory:"))
            return connections[-1]

        yield connect
        {closes}

    @pytest.fixture(scope="module")
    def remember():
        files = []

        def remember(path, *, files=files):
            files.append(open(path, "w"))

        yield remember
        for file in files:
            file.close()

    @pytest.fixture(scope="session")
    def local():
        class Local:
            opened = []

            @classmethod
            def open(cls):
                cls.opened.append(open(__file__))

        yield Local
        for file in Local.opened:
            file.close()

    class Factory:
        def __init__(self, connect):
            self.connect = connect

    @pytest.fixture(scope="session")
    def factory(connect):
        return Factory(connect)

    def test_connects(connect):
        connect()

    def test_connects_by_an_object(factory):
        factory.connect()

    def test_opens(remember, tmp_path):
        remember(tmp_path / "file")

    def test_opens_by_a_class(local):
        local.open()

    def test_goes_on():
        pass
    """


def test_what_a_factory_of_wider_scope_opens_and_its_fixture_closes(run_suite):
    result = run_suite(FACTORIES.format(closes="[each.close() for each in connections]"), "--hygiene-strict")
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_what_a_factory_of_wider_scope_leaves_open_is_its_fixtures(run_suite):
    result = run_suite(FACTORIES.format(closes=""), "--hygiene-strict")
    result.assert_outcomes(passed=5, errors=1)
    result.stdout.fnmatch_lines(["*session fixture 'connect' left 2 resources open*"])


def test_what_a_wider_fixture_opens_on_first_use_and_leaves_open_is_the_fixtures(run_suite):
    suite = FIRST_USES.replace("        lazy.close()\n", "        globals().update(kept=lazy)\n")
    result = run_suite(suite, "--hygiene-strict", files={"shop.py": APP}, subprocess=True)
    result.assert_outcomes(passed=6, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_module*",
            "hygiene: session fixture 'lazy' left 3 resources open",
            "*shop.py:11 *sqlite3.connect*",
        ]
    )


SILENT = {
    "multiprocessing's heap": """
        import multiprocessing

        def test_it():
            test_it.kept = multiprocessing.Value("Q")
        """,
    "multiprocessing's directory": """
        from multiprocessing.connection import Listener

        def test_it():
            with Listener(None, "AF_UNIX"):
                pass
        """,
    "a directory in tmp_path": """
        import tempfile

        def test_it(tmp_path):
            tempfile.mkdtemp(dir=tmp_path)
        """,
    "a directory with a finalizer": """
        import shutil
        import tempfile
        import weakref

        class Cache:
            def __init__(self):
                self.directory = tempfile.mkdtemp()
                weakref.finalize(self, shutil.rmtree, self.directory)

        CACHE = []

        def test_it():
            CACHE.append(Cache())
        """,
    "a child that os.waitpid() has waited for": """
        import os
        import subprocess
        import sys

        CHILDREN = []

        def test_it():
            CHILDREN.append(subprocess.Popen([sys.executable, "-c", ""]))
            os.waitpid(CHILDREN[0].pid, 0)
        """,
}


@pytest.mark.parametrize("case", SILENT)
def test_silent_about(run_suite, case):
    result = run_suite(SILENT[case], "--hygiene-strict", subprocess=True)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["hygiene: no leaks"])


def test_a_global_executor_is_the_applications(run_suite):
    app = """
        from concurrent.futures import ThreadPoolExecutor

        POOL = ThreadPoolExecutor(1)

        def work():
            return POOL.submit(int).result()
        """
    suite = """
        import shop

        def test_first():
            shop.work()

        def test_second():
            shop.work()
        """
    result = run_suite(suite, "--hygiene-strict", files={"shop.py": app}, subprocess=True)
    # The session finding's own line counts as an error.
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["hygiene: 1 leak outside tests", "*held by shop.POOL", "*first used by test_suite.py::test_first"]
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
