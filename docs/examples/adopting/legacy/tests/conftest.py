import sys

import pytest
from parcels import create_app
from parcels.db import init_db


@pytest.fixture
def app(tmp_path):
    path = str(tmp_path / "parcels.sqlite")
    init_db(path)
    return create_app(
        {"TESTING": True, "DATABASE": path, "LABEL_PRINTER": [sys.executable, "-S", "-c", "pass"]}
    )


@pytest.fixture
def client(app):
    return app.test_client()
