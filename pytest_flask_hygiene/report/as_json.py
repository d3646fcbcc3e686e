"""The JSON report."""

from __future__ import annotations

import json

import pytest

from ..ledger import Ledger
from .data import report_data


def as_json(ledger: Ledger, config: pytest.Config) -> str:
    """The text of the file."""
    return json.dumps(report_data(ledger, config), indent=2, ensure_ascii=False) + "\n"
