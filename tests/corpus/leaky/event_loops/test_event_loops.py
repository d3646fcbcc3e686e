import asyncio

import pytest
from event_loops_app import create_app, double


@pytest.fixture
def app():
    app = create_app()
    app.testing = True
    return app


def test_double(app):
    assert app.test_client().get("/double/4").text == "8"


def test_quadruple(app):
    assert app.test_client().get("/quadruple/4").text == "16"


def test_error(app):
    with pytest.raises(ValueError):
        app.test_client().get("/double/-4")


def test_cancelled():
    async def main():
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()
        results = await asyncio.gather(task, double(1), return_exceptions=True)
        return [type(result).__name__ for result in results]

    assert asyncio.run(main()) == ["CancelledError", "int"]
