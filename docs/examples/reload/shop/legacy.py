import tempfile

from flask import Flask

app = Flask(__name__)
journal = tempfile.TemporaryFile()


@app.get("/")
def index():
    journal.write(b"GET /\n")
    return "welcome"
