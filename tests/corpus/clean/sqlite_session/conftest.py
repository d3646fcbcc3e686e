import sqlite3

import pytest


@pytest.fixture(scope="session")
def connection():
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE note (text TEXT)")
    yield db
    db.close()


@pytest.fixture
def db(connection):
    """The session's connection; what the test writes is undone."""
    connection.execute("BEGIN")
    yield connection
    connection.rollback()
