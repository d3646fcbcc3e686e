import subprocess
import sys

from flask import Flask

app = Flask(__name__)
PRINTER = [sys.executable, "-S", "-c", "print('printed')"]


@app.post("/label/<sku>")
def label(sku):
    printer = subprocess.Popen(PRINTER, stdout=subprocess.PIPE, text=True)
    return {"printer": printer.stdout.readline().strip()}
