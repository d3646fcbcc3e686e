import subprocess

from flask import current_app


def print_label(path):
    subprocess.Popen([*current_app.config["LABEL_PRINTER"], str(path)])
    return path.name
