from flask import Flask, send_from_directory

app = Flask(__name__)


@app.get("/manual/<path:name>")
def manual(name):
    return send_from_directory(app.root_path, name)
