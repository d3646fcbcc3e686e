import traceback

from flask import Flask, request


def evaluate(rows):
    """Add up the rows; report the bad ones as text."""
    total, reports = 0, []
    for row in rows:
        try:
            total += int(row)
        except ValueError:
            reports.append(traceback.format_exc(limit=1))
    return total, reports


def create_app():
    app = Flask(__name__)

    @app.post("/evaluate")
    def view():
        total, reports = evaluate(request.get_json())
        return {"total": total, "errors": [report.splitlines()[-1] for report in reports]}

    return app
