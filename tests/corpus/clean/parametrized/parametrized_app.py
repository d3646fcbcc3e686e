from flask import Flask, abort, render_template_string, request

ERRORS = (400, 401, 403, 404, 409, 410, 418, 429, 500, 503)


def create_app():
    app = Flask(__name__)

    @app.get("/status/<int:code>")
    def status(code):
        if code in ERRORS:
            abort(code)
        return render_template_string("{{ code }}", code=code), code

    @app.post("/add")
    def add():
        return str(request.form.get("a", type=int) + request.form.get("b", default=0, type=int))

    return app
