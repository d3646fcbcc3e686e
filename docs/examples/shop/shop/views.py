from pathlib import Path

from flask import Blueprint, abort, current_app, render_template, request, send_from_directory
from werkzeug.utils import secure_filename

from . import reports
from .catalogue import PRODUCTS
from .db import get_db

bp = Blueprint("shop", __name__)


@bp.get("/")
def index():
    return render_template("index.html", products=PRODUCTS.values())


@bp.get("/product/<sku>")
def product(sku):
    if sku not in PRODUCTS:
        abort(404)
    return render_template("product.html", product=PRODUCTS[sku])


@bp.get("/stock/<sku>")
def stock(sku):
    row = get_db().execute("SELECT pieces FROM stock WHERE sku = ?", (sku,)).fetchone()
    return {"sku": sku, "pieces": row["pieces"] if row else 0}


@bp.get("/manual/<path:name>")
def manual(name):
    return send_from_directory(current_app.config["MANUALS"], name)


@bp.get("/prices.csv")
def prices():
    return current_app.response_class(reports.price_lines(), mimetype="text/csv")


@bp.post("/photo/<sku>")
def photo(sku):
    upload = request.files["photo"]
    target = Path(current_app.config["PHOTOS"]) / f"{sku}-{secure_filename(upload.filename)}"
    upload.save(target)
    return {"bytes": target.stat().st_size}, 201
