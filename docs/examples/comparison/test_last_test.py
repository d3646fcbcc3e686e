"""the same in the last test of the run"""


class Report:
    def __init__(self):
        self.file = open(__file__)
        self.itself = self


def test_innocent():
    pass


def test_leaks():
    Report()
