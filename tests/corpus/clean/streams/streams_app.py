import csv
import io

from flask import Flask, request, stream_with_context


def create_app(path):
    app = Flask(__name__)

    @app.get("/count/<int:n>")
    def count(n):
        return (f"{i}\n" for i in range(n)), {"Content-Type": "text/plain"}

    @app.get("/echo")
    def echo():
        @stream_with_context
        def words():
            for word in request.args.getlist("word"):
                yield f"{word} {request.path}\n"

        return app.response_class(words(), mimetype="text/plain")

    @app.get("/ticks")
    def ticks():
        def endless():
            n = 0
            while True:
                yield f"data: {n}\n\n"
                n += 1

        return app.response_class(endless(), mimetype="text/event-stream")

    @app.get("/table")
    def table():
        def rows():
            with open(path, encoding="utf-8", newline="") as file:
                for row in csv.reader(file):
                    line = io.StringIO()
                    csv.writer(line, delimiter=";").writerow(row)
                    yield line.getvalue()

        return app.response_class(rows(), mimetype="text/csv")

    return app
