"""For a conftest.py: pools of redis-py, and connections outside of one.

A client that makes a pool of its own closes it when it is dropped; one that is given a pool does not.
"""

import redis

from pytest_flask_hygiene import ResourceType


def is_connected(connection):
    return connection._sock is not None


def has_connections(pool):
    return any(map(is_connected, (*pool._available_connections, *pool._in_use_connections)))


def pytest_hygiene_resources():
    return [
        ResourceType(
            "redis connection pool",
            redis.ConnectionPool,
            has_connections,
            advice="call client.close(); a pool that the client was given: pool.disconnect()",
        ),
        ResourceType("redis connection", redis.Connection, is_connected, "call connection.disconnect()"),
    ]
