import sqlite3
from contextlib import closing

import click
from flask import current_app, g
from flask.cli import with_appcontext

SCHEMA = """
CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, pieces INTEGER NOT NULL);
INSERT OR REPLACE INTO stock VALUES ('kettle', 4), ('teapot', 0), ('tea', 120);
"""


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
        g.db.row_factory = sqlite3.Row
    return g.db


def init_db():
    with closing(sqlite3.connect(current_app.config["DATABASE"])) as db:
        db.executescript(SCHEMA)


@click.command("init-db")
@with_appcontext
def init_db_command():
    """Create the tables."""
    init_db()
    click.echo("Initialized the database.")
