import asyncio

from flask import Flask


async def double(n):
    await asyncio.sleep(0)
    if n < 0:
        raise ValueError(n)
    return 2 * n


def run(coroutine):
    loop = asyncio.new_event_loop()  # leak: event-loop
    return loop.run_until_complete(coroutine)


def create_app():
    app = Flask(__name__)

    @app.get("/double/<int(signed=True):n>")
    def view(n):
        return str(asyncio.run(double(n)))

    @app.get("/quadruple/<int:n>")
    def twice(n):
        return str(run(double(2 * n)))

    return app
