import sqlite3

import pytest
from flask import Flask


def create_app(db):
    app = Flask(__name__)

    @app.get("/names")
    def names():
        return [name for (name,) in db.execute("SELECT name FROM person ORDER BY name")]

    return app


@pytest.fixture(scope="class")
def people(tmp_path_factory):
    db = sqlite3.connect(tmp_path_factory.mktemp("people") / "people.sqlite")
    db.execute("CREATE TABLE person (name TEXT)")
    db.executemany("INSERT INTO person VALUES (?)", [("bob",), ("ann",)])
    yield db
    db.close()


class TestNames:
    def test_names(self, people):
        assert create_app(people).test_client().get("/names").json == ["ann", "bob"]


class TestWithoutDatabase:
    def test_not_found(self):
        assert create_app(None).test_client().get("/").status_code == 404
