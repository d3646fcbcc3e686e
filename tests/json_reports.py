"""Fixtures for tests of ``--hygiene-report=FILE.json``, for files that name it in ``pytest_plugins``.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
from typing import Any

import pytest

LEAK = 'def test_leaks():\n    open("left.txt", "w")\n'

CLEAN = "def test_clean():\n    pass\n"

JSON = "--hygiene-report=out.json"

SEE = " (see docs/messages.md in pytest-flask-hygiene)"


@pytest.fixture
def report(pytester):
    """The file's content."""

    def read(name: str = "out.json") -> dict[str, Any]:
        data: dict[str, Any] = json.loads((pytester.path / name).read_text("utf-8"))
        return data

    return read


def by_owner(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["owner"]["name"]: finding for finding in data["findings"]}
