"""The hook that other plugins and conftest files may implement.

PYTEST_DONT_REWRITE (see the package)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .resources import ResourceType


def pytest_hygiene_resources() -> Iterable[ResourceType]:  # type: ignore[empty-body]
    """Return further types of resources: a list of :class:`pytest_flask_hygiene.ResourceType`.

    It is called once for each plugin and conftest file that has it, as soon as that is loaded.  Resources
    that were made before are not seen.  A return value that can't be used is a usage error (exit status 4),
    which names the plugin.
    """
