"""Loaded into each inner run, in this process or another, under ``--automatic-collections``.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable

VARIABLE = "AUTOMATIC_COLLECTIONS_OF_INNER_RUNS"
SETTINGS: dict[str, Callable[[], None]] = {"often": lambda: gc.set_threshold(1), "never": gc.disable}


# The first hook of a run: conftest files and test modules are still to be imported.
def pytest_addoption() -> None:
    SETTINGS[os.environ[VARIABLE]]()
