import subprocess
import sys

from flask import Flask

app = Flask(__name__)
PRINTER = [sys.executable, "-S", "-c", "print('printed')"]


@app.post("/label/<sku>")
def label(sku):
    printer = subprocess.run(PRINTER, stdout=subprocess.PIPE, text=True, timeout=30, check=True)
    return {"printer": printer.stdout.strip()}
