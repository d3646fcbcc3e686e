from flask import Flask, abort, g, request


def create_app():
    app = Flask(__name__)

    @app.before_request
    def load_user():
        g.user = request.headers.get("Authorization", "").removeprefix("Bearer ")

    @app.get("/me")
    def me():
        return g.user or abort(401)

    @app.post("/echo")
    def echo():
        return request.get_json()

    return app
