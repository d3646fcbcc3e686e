from flask import Flask, g, request


def create_app(audit_path):
    app = Flask(__name__)
    app.extensions["seen"] = []

    @app.before_request
    def open_audit():
        if request.method == "POST":
            g.audit = open(audit_path, "a", encoding="utf-8")  # leak: file

    @app.after_request
    def header(response):
        response.headers["X-Served-By"] = "hooks"
        return response

    @app.teardown_request
    def close_audit(error):
        app.extensions["seen"].append(type(error).__name__)

    @app.get("/")
    def index():
        return "index"

    @app.get("/fail")
    def fail():
        raise RuntimeError("broken")

    @app.post("/orders")
    def order():
        g.audit.write(request.form["item"] + "\n")
        g.audit.flush()
        return "ordered", 201

    return app
