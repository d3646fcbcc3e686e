"""Stands for a library that opens its connections in C."""


class Connection:
    def __init__(self, url):
        self.url = url
        self.closed = False

    def send(self, message):
        return True

    def close(self):
        self.closed = True
