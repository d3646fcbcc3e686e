"""A suite whose leaks a baseline accepts; files that use its fixtures name it in ``pytest_plugins``.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from textwrap import dedent

import pytest

APP = """
    import sqlite3

    def connect():
        sqlite3.connect(":memory:")

    def read():
        open(__file__)
"""

SUITE = """
    import pytest
    import shop

    @pytest.fixture
    def database():
        file = open(__file__)
        yield
        del file

    def test_a():
        shop.connect()

    def test_b():
        shop.connect()
        shop.read()

    def test_c(database):
        pass

    def test_d(database):
        pass

    def test_clean():
        pass
"""

NEW_LEAK = {"def test_clean():\n    pass": "def test_clean():\n    shop.read()"}

FIXTURE = "fixture 'database' of test_suite.py"

BASELINE = "--hygiene-baseline=known.json"

UPDATE = "--hygiene-update-baseline"


@pytest.fixture
def entries(pytester):
    """The baseline's entries, as (kind, file, function, owner, count)."""

    def entries():
        data = json.loads((pytester.path / "known.json").read_text("utf-8"))
        assert data["version"] == 1
        return [tuple(entry.values()) for entry in data["entries"]]

    return entries


@pytest.fixture
def suite(run_suite, pytester):
    """Run the suite, with parts of it replaced."""

    def suite(*args, replace=None, app=None, **options):
        source = dedent(SUITE)
        for old, new in (replace or {}).items():
            assert old in source
            source = source.replace(old, new)
        return run_suite(source, *args, files={"shop.py": APP if app is None else app}, **options)

    return suite


@pytest.fixture(scope="module")
def _written():
    return {}


@pytest.fixture
def accepted(suite, pytester, _written):
    """The suite's leaks were accepted before."""
    path = pytester.path / "known.json"
    if not _written:
        suite(BASELINE, UPDATE)
        _written["text"] = path.read_text("utf-8")
    path.write_text(_written["text"], "utf-8")
