"""Import product rows; complain about the bad ones to whatever log is given."""


class Importer:
    def __init__(self, log):
        self.log = log
        self.prices = {}

    def run(self, rows):
        for name, price in rows:
            try:
                self.prices[name] = float(price)
            except ValueError as e:
                self.log.error("bad price for %s: %s", name, e)
        return len(self.prices)
