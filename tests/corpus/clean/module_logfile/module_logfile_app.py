import os

from flask import Flask, request

AUDIT = open(os.environ.get("MODULE_LOGFILE_AUDIT", os.devnull), "a", encoding="utf-8")

app = Flask(__name__)


@app.after_request
def audit(response):
    print(request.method, request.path, response.status_code, file=AUDIT, flush=True)
    return response


@app.get("/")
def index():
    return "index"
