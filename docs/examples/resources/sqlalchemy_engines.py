"""For a conftest.py: SQLAlchemy's engines that were never disposed of.

Not those of SQLite: the plugin sees their connections by itself, and would tell of them twice.
"""

from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool

from pytest_flask_hygiene import ResourceType


def has_connections(engine):
    # Other pools keep none, or one for each thread.
    if engine.dialect.name == "sqlite" or not isinstance(engine.pool, QueuePool):
        return False
    return engine.pool.checkedin() + engine.pool.checkedout() > 0


def pytest_hygiene_resources():
    return [ResourceType("SQLAlchemy engine", Engine, has_connections, "call engine.dispose()")]
