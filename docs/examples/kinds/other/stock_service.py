"""The client of another service, as its makers ship it."""

import warnings


class StockService:
    def __init__(self):
        self.is_open = True

    def pieces(self, sku):
        return len(sku)

    def close(self):
        self.is_open = False

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def __del__(self):
        if self.is_open:
            warnings.warn("unclosed StockService", ResourceWarning, source=self)
