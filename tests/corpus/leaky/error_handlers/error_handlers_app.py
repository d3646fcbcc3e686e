from flask import Flask, abort, jsonify, render_template_string

PAGE = "<h1>{{ title }}</h1>"


class OutOfStock(Exception):
    def __init__(self, item):
        super().__init__(item)
        self.item = item


def create_app(help_path):
    app = Flask(__name__)

    @app.errorhandler(404)
    def not_found(error):
        return render_template_string(PAGE, title="Nothing here"), 404

    @app.errorhandler(418)
    def teapot(error):
        return open(help_path, encoding="utf-8").read(), 418  # leak: file

    @app.errorhandler(500)
    def broken(error):
        return render_template_string(PAGE, title=type(error.original_exception).__name__), 500

    @app.errorhandler(OutOfStock)
    def out_of_stock(error):
        return jsonify(missing=error.item), 409

    @app.get("/buy/<item>")
    def buy(item):
        if item == "moon":
            raise OutOfStock(item)
        if item == "tea":
            abort(418)
        return str(1 // len(item.strip("-")))

    return app
