from flask import Flask, render_template, render_template_string, request
from jinja2 import StrictUndefined, TemplateError


def create_app():
    app = Flask(__name__)
    app.jinja_env.undefined = StrictUndefined

    @app.template_filter()
    def euros(cents):
        return f"{cents / 100:.2f} EUR"

    @app.get("/bill")
    def bill():
        return render_template("bill.html", **request.args)

    @app.post("/preview")
    def preview():
        try:
            return render_template_string(request.form["template"], cents=250)
        except TemplateError as e:
            return f"{type(e).__name__}: {e.message}", 422

    return app
