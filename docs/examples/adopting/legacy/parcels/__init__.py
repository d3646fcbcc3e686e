"""An old parcel service: parcels in SQLite, tariffs in a file, labels on a printer."""

from pathlib import Path

from flask import Flask

from . import views

HERE = Path(__file__).parent


def create_app(config=None):
    app = Flask(__name__)
    app.config.from_mapping(
        DATABASE=str(HERE.parent / "parcels.sqlite"),
        TARIFFS=str(HERE / "tariffs.txt"),
        LABEL_PRINTER=["lp"],
    )
    app.config.update(config or {})
    app.register_blueprint(views.bp)
    return app
