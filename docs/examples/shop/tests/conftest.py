import sys

import pytest
from shop import create_app
from shop.db import init_db


@pytest.fixture
def app(tmp_path):
    app = create_app(
        {
            "TESTING": True,
            "DATABASE": str(tmp_path / "shop.sqlite"),
            "PHOTOS": str(tmp_path),
            "LABEL_PRINTER": [sys.executable, "-S", "-c", "pass"],
        }
    )
    with app.app_context():
        init_db()
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def price_file(tmp_path):
    file = open(tmp_path / "prices.csv", "w+", encoding="utf-8")
    file.write("sku,cents\ntea,890\n")
    file.flush()
    return file
