from flask import Flask, request


def total(path):
    with open(path, encoding="utf-8") as file:
        return sum(int(line) for line in file)


def create_app(folder):
    app = Flask(__name__)

    @app.get("/total")
    def view():
        try:
            return str(total(folder / request.args["name"]))
        except (OSError, ValueError):
            app.logger.exception("no total")
            return "no total", 422

    @app.errorhandler(500)
    def broken(error):
        app.logger.critical("broken", exc_info=error.original_exception)
        return "broken", 500

    @app.get("/fail")
    def fail():
        raise RuntimeError("unexpected")

    return app
