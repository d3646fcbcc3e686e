"""The hooks that this plugin offers to others.

PYTEST_DONT_REWRITE (see the package)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .resources import ResourceType


def pytest_hygiene_resources() -> Iterable[ResourceType]:  # type: ignore[empty-body]
    """Return further types of resources: a list of :class:`pytest_flask_hygiene.ResourceType`.

    Called once for each plugin and conftest file that has it, as soon as that is loaded.  What was made
    before is not seen.  What can't be used is a usage error (exit status 4) that names the plugin.
    """
