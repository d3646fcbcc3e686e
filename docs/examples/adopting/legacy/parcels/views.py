from flask import Blueprint, abort, current_app, jsonify, send_file

from .db import get_db
from .labels import print_label
from .tariffs import price_of

bp = Blueprint("parcels", __name__)


@bp.get("/")
def index():
    return "parcels"


@bp.get("/parcel/<int:number>")
def parcel(number):
    row = get_db().execute("SELECT * FROM parcel WHERE number = ?", (number,)).fetchone()
    if row is None:
        abort(404)
    return jsonify(dict(row))


@bp.get("/parcels/<town>")
def parcels(town):
    rows = get_db().execute("SELECT number FROM parcel WHERE town = ?", (town,)).fetchall()
    return jsonify([row["number"] for row in rows])


@bp.get("/price/<int:kilos>")
def price(kilos):
    return jsonify(price_of(kilos, current_app.config["TARIFFS"]))


@bp.get("/tariffs")
def tariffs():
    return send_file(current_app.config["TARIFFS"], mimetype="text/plain")


@bp.post("/label/<int:number>")
def label(number):
    print_label(current_app.config["LABEL_PRINTER"], number)
    return "printed"
