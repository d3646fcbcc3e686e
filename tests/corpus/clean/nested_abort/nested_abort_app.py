from functools import wraps

from flask import Flask, abort, make_response, request


def login_required(view):
    @wraps(view)
    def wrapped(**kwargs):
        if request.authorization is None:
            abort(401)
        return view(**kwargs)

    return wrapped


def find(items, key):
    def check(item):
        if item is None:
            abort(404, description=f"no item {key}")
        return item

    return check(items.get(key))


def create_app(items):
    app = Flask(__name__)

    @app.get("/items/<key>")
    @login_required
    def item(key):
        return find(items, key)

    @app.post("/items")
    def add():
        if "key" not in request.get_json():
            abort(make_response({"error": "key?"}, 422))
        return request.json["key"], 201

    return app
