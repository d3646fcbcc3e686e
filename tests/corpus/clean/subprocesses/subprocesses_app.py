import subprocess
import sys

from flask import Flask, request


def start_job(code):
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.DEVNULL)


def create_app():
    app = Flask(__name__)

    @app.post("/jobs")
    def job():
        with start_job("pass") as process:
            return str(process.pid), 202

    @app.post("/upper")
    def upper():
        code = "import sys; print(sys.stdin.read().upper(), end='')"
        done = subprocess.run(
            [sys.executable, "-c", code], input=request.get_data(as_text=True), capture_output=True, text=True
        )
        return done.stdout

    return app
