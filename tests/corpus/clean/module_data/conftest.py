from pathlib import Path

import pytest
from flask import Flask, abort


@pytest.fixture(scope="module")
def countries():
    with open(Path(__file__).with_name("countries.txt"), encoding="utf-8") as file:
        yield file


@pytest.fixture
def app():
    app = Flask("module_data")

    @app.get("/<code>")
    def country(code):
        return {"fr": "France", "it": "Italy"}.get(code) or abort(404)

    return app
