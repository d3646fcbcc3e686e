"""A small shop: a catalogue, stock in SQLite, manuals to download, photos to upload."""

from pathlib import Path

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException

from . import db, views

HERE = Path(__file__).parent


def create_app(config=None):
    app = Flask(__name__)
    app.config.from_mapping(
        DATABASE=str(HERE.parent / "shop.sqlite"),
        MANUALS=str(HERE / "manuals"),
        PHOTOS=str(HERE.parent / "photos"),
        LABEL_PRINTER=["lp"],
        VAT_PERCENT=20,
    )
    app.config.update(config or {})

    app.register_blueprint(views.bp)
    app.register_error_handler(HTTPException, error_page)
    app.cli.add_command(db.init_db_command)
    return app


def error_page(error):
    return render_template("error.html", error=error), error.code
