import json

import click
from flask import Flask


def create_app():
    app = Flask(__name__)

    @app.cli.command("import")
    @click.argument("path", type=click.Path(exists=True))
    def import_items(path):
        """Import items from a JSON file."""
        with open(path, encoding="utf-8") as file:
            items = json.load(file)
        click.echo(f"{len(items)} items in {app.name}")

    @app.cli.command("drop")
    @click.option("--yes", is_flag=True)
    def drop(yes):
        if not yes:
            raise click.UsageError("say --yes")
        raise RuntimeError("nothing to drop")

    return app
