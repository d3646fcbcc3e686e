"""For a conftest.py: connections of psycopg 3, which its C library opens out of the plugin's sight."""

import psycopg

from pytest_flask_hygiene import ResourceType


def is_open(connection):
    # A psycopg_pool.ConnectionPool closes its own connections.
    return not connection.closed and getattr(connection, "_pool", None) is None


def pytest_hygiene_resources():
    advice = "with psycopg.connect(...) as connection: closes it; or call connection.close()"
    return [
        ResourceType("psycopg connection", psycopg.Connection, is_open, advice),
        ResourceType("async psycopg connection", psycopg.AsyncConnection, is_open, f"async {advice}"),
    ]
