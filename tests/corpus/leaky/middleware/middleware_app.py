import time

from flask import Flask, request
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix


class AccessLog:
    """Write a line for each request."""

    def __init__(self, app, path, only="/"):
        self.app = app
        self.path = path
        self.only = only

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"].startswith(self.only):
            self.write(environ["PATH_INFO"])
        return self.app(environ, start_response)

    def write(self, line):
        print(line, file=open(self.path, "a", encoding="utf-8"))  # leak: file


class Clock:
    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        environ["clock.start"] = time.monotonic()
        iterable = self.app(environ, start_response)
        try:
            yield from iterable
        finally:
            if hasattr(iterable, "close"):
                iterable.close()


def create_app(log_path):
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: f"{request.scheme} {'clock.start' in request.environ}")
    api = Flask("middleware_api")
    api.add_url_rule("/", view_func=lambda: "api")
    app.wsgi_app = ProxyFix(Clock(app.wsgi_app))
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/api": api})
    app.wsgi_app = AccessLog(app.wsgi_app, log_path, only="/api")
    return app
