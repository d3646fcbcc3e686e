from functools import wraps

from flask import Flask


def retry(times, *errors):
    """Call again after one of these errors; raise the last one."""

    def decorate(func):
        @wraps(func)
        def call(*args, **kwargs):
            last = None
            try:
                for _ in range(times):
                    try:
                        return func(*args, **kwargs)
                    except errors as e:
                        last = e
                raise last
            finally:
                del last

        return call

    return decorate


def create_app(fetch):
    app = Flask(__name__)

    @app.get("/rate")
    def rate():
        try:
            return str(retry(3, ConnectionError)(fetch)())
        except ConnectionError as e:
            return f"gave up: {e}", 504

    return app
