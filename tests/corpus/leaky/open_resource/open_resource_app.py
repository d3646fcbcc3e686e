import csv

from flask import Flask


class Table:
    """The rows of a CSV file; each row knows its table."""

    def __init__(self, file):
        self.file = file
        self.rows = [Row(self, cells) for cells in csv.reader(file)]


class Row:
    def __init__(self, table, cells):
        self.table = table
        self.cells = cells


def create_app():
    app = Flask(__name__)

    @app.get("/capital/<country>")
    def capital(country):
        table = Table(app.open_resource("capitals.csv", "r"))  # leak: file
        found = [row.cells[1] for row in table.rows if row.cells[0] == country]
        return found[0] if found else ("unknown", 404)

    @app.get("/version")
    def version():
        with app.open_resource("version.txt") as file:
            return file.read().decode().strip()

    return app
