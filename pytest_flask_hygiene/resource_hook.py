"""The hook ``pytest_hygiene_resources``: one plugin is asked, and its answer checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Final

import pytest

from .checks.resources import CannotBeWatchedError
from .resources import ResourceType
from .usage import usage_error

_HOOK: Final = "pytest_hygiene_resources"


def ask(config: pytest.Config, plugin: object, name: str, watch: Callable[[ResourceType, str], None]) -> None:
    """Ask the plugin of this name for its types of resources, and have each watched.

    ``watch`` is called with a type, and with what its faults are to name.  Raises :class:`pytest.UsageError`,
    with one line that names the plugin, for whatever can't be used.
    """
    # pytest registers a conftest file under its path.
    shown = os.path.relpath(name, config.invocation_params.dir) if os.path.isabs(name) else name

    def wrong(text: str) -> pytest.UsageError:
        return usage_error(f"{_HOOK} of {shown}: {text}")

    manager = config.pluginmanager
    others = [other for other in manager.get_plugins() if other is not plugin]
    try:
        answers = manager.subset_hook_caller(_HOOK, others)()
        types = [each for answer in answers for each in _listed(answer)]
    except Exception as error:
        raise wrong(_one_line(error)) from None
    for each in types:
        if not isinstance(each, ResourceType):
            raise wrong(f"it returned {each!r}, which is not a pytest_flask_hygiene.ResourceType")
        try:
            watch(each, shown)
        except CannotBeWatchedError as error:
            raise wrong(f"ResourceType {each.name!r}: {error}") from None


def _listed(answer: object) -> Iterable[object]:
    """The hook's answer, if it is a list or the like."""
    if isinstance(answer, Iterable) and not isinstance(answer, (str, bytes)):
        return answer
    raise TypeError(f"it returned {answer!r}, and not a list of pytest_flask_hygiene.ResourceType")


def _one_line(error: Exception) -> str:
    """Of an error of ours its text; of the plugin's own also the class."""
    text = " ".join(str(error).split())
    return text if text.startswith(("it returned", "ResourceType")) else f"{type(error).__name__}: {text}"
