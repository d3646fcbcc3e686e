"""Connections that async views open: each view runs in a thread of its own, which alone may close them."""

from __future__ import annotations

import pytest
from dev_server_suites import reload_of

SHOP = """
import contextlib
import sqlite3
from flask import Flask, g

app = Flask("shop")
app.testing = True

def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(":memory:")
    return g.db

@app.get("/sync")
def sync_stock():
    return str(get_db().execute("SELECT 1").fetchone())

@app.get("/async")
async def stock():
    return str(get_db().execute("SELECT 1").fetchone())

@app.get("/mended")
async def mended():
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        return str(connection.execute("SELECT 1").fetchone())
"""
TEARDOWN = """
@app.teardown_appcontext
def close_db(error):
    db = g.pop("db", None)
    if db is not None:
        db.close()
"""
TEST = """
from shop import app

def test_it():
    assert app.test_client().get("{url}").text == "(1,)"
"""
IN_TEARDOWN = (
    'fix: close it when the context ends: @app.teardown_appcontext, if (db := g.pop("db", None)): db.close()'
)
IN_VIEW = (
    "fix: use with contextlib.closing(sqlite3.connect(...)) as connection: in the view: an async view "
    "runs in a thread of its own, and sqlite3 lets only that one close the connection, so a teardown "
    "function can't"
)


@pytest.fixture(autouse=True)
def _asgiref():
    pytest.importorskip("asgiref")


@pytest.mark.parametrize(("url", "advice"), [("/sync", IN_TEARDOWN), ("/async", IN_VIEW)])
def test_the_advice_knows_an_async_view(run_suite, url, advice):
    result = run_suite(TEST.format(url=url), files={"shop.py": SHOP})
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["sqlite  opened here *", advice])


@pytest.mark.parametrize(("url", "works"), [("/sync", True), ("/async", False), ("/mended", True)])
def test_what_the_two_advices_are_good_for(run_suite, url, works):
    result = run_suite(TEST.format(url=url), files={"shop.py": SHOP + TEARDOWN})
    result.assert_outcomes(passed=int(works), failed=int(not works))
    if not works:
        result.stdout.fnmatch_lines(["*SQLite objects created in a thread *"])


def test_an_async_test_that_opens_a_connection_itself_is_no_view(run_suite):
    source = """
    import asyncio
    from shop import app, get_db

    def test_it():
        async def test_it():
            with app.app_context():
                get_db()
        asyncio.run(test_it())
    """
    run_suite(source, files={"shop.py": SHOP}).stdout.fnmatch_lines([IN_TEARDOWN])


@pytest.mark.once_a_python
@pytest.mark.parametrize(
    ("opened", "advice"),
    [
        ('sqlite3.connect(":memory:")', IN_VIEW.removeprefix("fix: ")),
        ("open(__file__)", "close it where the request is answered: a with block, or g and"),
    ],
)
def test_the_development_server_knows_that_the_view_has_no_thread_to_stop(
    run_suite, pytester, opened, advice
):
    source = f"""
    import sqlite3

    kept = []

    async def view():
        kept.append({opened})
        return "hi"
    """
    told = reload_of(run_suite, pytester.path, source, requests=1)
    assert [(state, line) for _, state, _, line in told.found] == [("left_open", 6)]
    assert advice in told.said
