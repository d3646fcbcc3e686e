"""Code that is known to be careless, and is to be replaced."""

import sqlite3


def first_line(path):
    return open(path, encoding="utf-8").readline()


def answer():
    return sqlite3.connect(":memory:").execute("SELECT 42").fetchone()[0]
