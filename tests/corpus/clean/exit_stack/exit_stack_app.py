from contextlib import ExitStack

from flask import Flask, request


def merge(folder, names):
    """The lines of several files side by side."""
    with ExitStack() as stack:
        files = [stack.enter_context(open(folder / name, encoding="utf-8")) for name in names]
        return [[line.strip() for line in lines] for lines in zip(*files, strict=True)]


def create_app(folder):
    app = Flask(__name__)

    @app.get("/merge")
    def view():
        return merge(folder, request.args.getlist("name"))

    return app
