import subprocess


def print_label(command, number):
    """The printer's driver goes on when the request has ended."""
    subprocess.Popen([*command, str(number)])
