"""Fixtures against what the run around an inner one, in the same process, would change in it.

Named in ``pytest_plugins`` by the files that use them.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture
def pythons_own_filters() -> Iterator[None]:
    """A run in this process starts with this run's filters, among them ``error``."""
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.simplefilter("ignore", ResourceWarning)
        yield


@pytest.fixture
def client_as_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outer run has wrapped the client too, and would close the responses first."""
    import werkzeug.test

    monkeypatch.setattr(werkzeug.test, "run_wsgi_app", inspect.unwrap(werkzeug.test.run_wsgi_app))


@pytest.fixture
def sqlalchemy_loaded() -> None:
    """Loaded here, so that the runs inside this process need not load it each time."""
    pytest.importorskip("sqlalchemy")
