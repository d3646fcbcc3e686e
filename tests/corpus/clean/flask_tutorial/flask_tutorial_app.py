import sqlite3

import click
from flask import Flask, abort, current_app, g, redirect, request, session


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
    return g.db


def close_db(e=None):
    db = g.pop("db", None)
    if db is not None:
        db.close()


def init_db():
    with current_app.open_resource("schema.sql") as f:
        get_db().executescript(f.read().decode("utf8"))


@click.command("init-db")
def init_db_command():
    init_db()
    click.echo("Initialized the database.")


def create_app(test_config):
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY="dev")
    app.config.update(test_config)
    app.teardown_appcontext(close_db)
    app.cli.add_command(init_db_command)

    @app.post("/login")
    def login():
        user = get_db().execute("SELECT id FROM user WHERE name = ?", (request.form["name"],)).fetchone()
        session["user_id"] = user[0] if user else abort(401)
        return redirect("/")

    @app.get("/logout")
    def logout():
        session.clear()
        return redirect("/")

    return app
