"""For a conftest.py: sessions of requests, which keep their sockets for the next request."""

import requests

from pytest_flask_hygiene import ResourceType


def keeps_connections(session):
    managers = [getattr(adapter, "poolmanager", None) for adapter in session.adapters.values()]
    return any(len(manager.pools) > 0 for manager in managers if manager is not None)


def pytest_hygiene_resources():
    advice = "use a with block: with requests.Session() as session:, or call session.close()"
    return [ResourceType("requests session", requests.Session, keeps_connections, advice)]
