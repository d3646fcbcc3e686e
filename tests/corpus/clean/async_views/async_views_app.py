import asyncio

from flask import Flask


async def lookup(path, name):
    await asyncio.sleep(0)
    with open(path, encoding="utf-8") as file:
        settings = dict(line.split("=") for line in file)
    return settings[name].strip()


def create_app(path):
    app = Flask(__name__)

    @app.before_request
    async def tick():
        await asyncio.sleep(0)

    @app.get("/settings/<name>")
    async def setting(name):
        return await lookup(path, name)

    @app.get("/both")
    async def both():
        return await asyncio.gather(asyncio.sleep(0, "a"), asyncio.sleep(0, "b"))

    @app.get("/fail")
    async def fail():
        await asyncio.sleep(0)
        raise RuntimeError("broken")

    return app
