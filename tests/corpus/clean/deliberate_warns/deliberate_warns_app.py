import warnings
from io import BytesIO


class Report:
    """A report in memory which complains when nobody closes it."""

    def __init__(self):
        self.buffer = BytesIO()

    def close(self):
        self.buffer.close()

    def __del__(self):
        if not self.buffer.closed:
            warnings.warn(f"unclosed report {id(self)}", ResourceWarning, stacklevel=2, source=self)


def careless():
    Report().buffer.write(b"lost")


def careful():
    report = Report()
    report.close()
