from concurrent.futures import ThreadPoolExecutor

from flask import Flask, copy_current_request_context, request


def parse(text):
    return int(text)


def parse_all(texts):
    """Numbers, and what was wrong with the others."""
    good, bad = [], []
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(parse, text) for text in texts]:
            error = future.exception()
            if error is None:
                good.append(future.result())
            else:
                bad.append(str(error))
    return good, bad


def create_app():
    app = Flask(__name__)

    @app.get("/path")
    def path():
        @copy_current_request_context
        def work():
            return request.path

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()

    @app.get("/sum")
    def total():
        good, bad = parse_all(request.args.getlist("n"))
        return {"sum": sum(good), "bad": len(bad)}

    return app
