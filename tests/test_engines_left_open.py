"""SQLAlchemy engines that are left open: one finding, at the line that created the engine."""

from __future__ import annotations

import functools

import pytest
from kept_open import run_and_close
from reading_runs import marked

pytest_plugins = ["outer_run"]

ENGINES = """
    from sqlalchemy import create_engine, text

    engines = {}

    def engine(name="shop"):
        if name not in engines:
            engines[name] = create_engine(f"sqlite:///{name}.db")  # leak
        return engines[name]

    def query(name="shop"):
        with engine(name).connect() as connection:
            return connection.execute(text("select 1")).scalar()

    def close_all():
        while engines:
            engines.popitem()[1].dispose()
    """


@pytest.fixture
def run(run_suite):
    return functools.partial(run_and_close, run_suite)


@pytest.mark.usefixtures("sqlalchemy_loaded")
class TestEngines:
    QUERIES = """
        import shop

        def test_first():
            shop.query()

        def test_second():
            assert shop.query() == 1
        """

    def test_a_lazy_engine_in_a_global_is_one_finding_at_the_line_that_created_it(self, run):
        result = run("--hygiene-strict", files={"shop.py": ENGINES, "test_suite.py": self.QUERIES})
        result.assert_outcomes(passed=2, errors=1)
        result.stdout.fnmatch_lines(
            [
                "hygiene: 1 leak outside tests",
                "  sqlite  opened here and still open",
                f"      shop.py:{marked(ENGINES)} *",
                "      held by shop.engines",
                "      first used by test_suite.py::test_first",
                "  fix: call engine.dispose() *",
            ]
        )

    def test_by_default_it_is_listed(self, run):
        result = run(files={"shop.py": ENGINES, "test_suite.py": self.QUERIES})
        result.assert_outcomes(passed=2)
        result.stdout.fnmatch_lines(
            [
                "hygiene: no leaks",
                f"*1 x sqlite *shop.py:{marked(ENGINES)} *",
                "*held by shop.engines; first used by *",
            ]
        )

    def test_two_engines_are_two(self, run):
        source = "import shop\n\ndef test_it():\n    shop.query()\n    shop.query('other')\n"
        result = run("--hygiene-strict", files={"shop.py": ENGINES, "test_suite.py": source})
        result.stdout.fnmatch_lines(["  sqlite  opened here and still open (2 times)"])

    def test_an_engine_disposed_of_is_no_finding(self, run):
        source = "import shop\n\ndef test_it():\n    shop.query()\n    shop.engine().dispose()\n"
        result = run("--hygiene-strict", files={"shop.py": ENGINES, "test_suite.py": source})
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines(["hygiene: no leaks"])

    def test_an_engine_disposed_of_and_used_again_is_one_finding(self, run):
        source = (
            "import shop\n\ndef test_it():\n    shop.query()\n    shop.engine().dispose()\n    shop.query()\n"
        )
        result = run("--hygiene-strict", files={"shop.py": ENGINES, "test_suite.py": source})
        result.assert_outcomes(passed=1, errors=1)
        result.stdout.fnmatch_lines(
            ["hygiene: 1 leak outside tests", f"      shop.py:{marked(ENGINES)} *", "*held by shop.engines"]
        )

    def test_an_engine_of_a_session_fixture_is_the_fixtures(self, run):
        source = """
            import pytest
            from sqlalchemy import create_engine, text

            engines = []

            @pytest.fixture(scope="session")
            def engine():
                engines.append(create_engine("sqlite:///shop.db"))  # leak
                return engines[0]

            @pytest.mark.parametrize("number", range(3))
            def test_it(engine, number):
                with engine.connect() as connection:
                    connection.execute(text("select 1"))

            def close_all():
                engines.pop().dispose()
            """
        result = run("--hygiene-strict", files={"test_suite.py": source})
        result.assert_outcomes(passed=3, errors=1)
        result.stdout.fnmatch_lines(
            ["hygiene: session fixture 'engine' left 1 resource open", f"*test_suite.py:{marked(source)} *"]
        )

    def test_an_engine_that_an_import_created_is_no_leak(self, run):
        shop = """
            from sqlalchemy import create_engine, text

            engine = create_engine("sqlite:///shop.db")

            def query():
                with engine.connect() as connection:
                    return connection.execute(text("select 1")).scalar()

            def close_all():
                engine.dispose()
            """
        result = run("--hygiene-strict", files={"shop.py": shop, "test_suite.py": self.QUERIES})
        result.assert_outcomes(passed=2)
        result.stdout.fnmatch_lines(["hygiene: no leaks"])
