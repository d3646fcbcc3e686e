import sqlite3
from contextlib import closing

import pytest
from sqlite_closing_app import create_app


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "visits.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE visit (page TEXT)")
    return path


@pytest.fixture
def client(path):
    return create_app(path).test_client()


def test_empty(client):
    assert client.get("/visits").text == "0"


def test_visit(client, path):
    client.post("/visits", data={"page": "/"})
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT page FROM visit").fetchall() == [("/",)]


def test_locked(client, path):
    with (
        closing(sqlite3.connect(path, timeout=0)) as first,
        closing(sqlite3.connect(path, timeout=0)) as second,
    ):
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            second.execute("BEGIN IMMEDIATE")
