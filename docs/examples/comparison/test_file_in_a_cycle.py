"""a file in a reference cycle; a later test collects"""

import gc


class Report:
    def __init__(self):
        self.file = open(__file__)
        self.itself = self


def test_leaks():
    Report()


def test_innocent():
    gc.collect()
