import sqlite3

from flask import Flask, abort, g

SCHEMA = "CREATE TABLE IF NOT EXISTS stock (sku TEXT PRIMARY KEY, pieces INTEGER NOT NULL)"


def get_db(app):
    if "db" not in g:
        g.db = sqlite3.connect(app.config["DATABASE"], timeout=0)
        g.db.execute(SCHEMA)
    return g.db


def close_db(error):
    db = g.pop("db", None)
    if db is not None:
        db.close()


def create_app(database):
    app = Flask(__name__)
    app.config["DATABASE"] = database
    app.teardown_appcontext(close_db)

    @app.post("/stock/<sku>/<pieces>")
    def receive(sku, pieces):
        db = get_db(app)
        db.execute("INSERT OR REPLACE INTO stock VALUES (?, 0)", (sku,))
        if not pieces.isdigit():
            abort(400)
        db.execute("UPDATE stock SET pieces = ? WHERE sku = ?", (int(pieces), sku))
        db.commit()
        return {"sku": sku, "pieces": int(pieces)}

    @app.get("/connection")
    def connection():
        return {"connection": id(get_db(app))}

    return app
