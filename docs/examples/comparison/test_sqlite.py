"""an SQLite connection that nobody closes"""

import sqlite3


def test_leaks():
    assert sqlite3.connect(":memory:").execute("SELECT 1")


def test_innocent():
    pass
