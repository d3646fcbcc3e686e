"""The one audit hook of the process, and who handles its events now.

An audit hook can't be removed (:func:`sys.addaudithook`), so it is installed once, however many pytest runs
follow each other or are nested in one process.  It looks its handler up in a dictionary that is empty while
nobody records.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, Final

#: By the name of the event; each takes the event's arguments.
Handlers = dict[str, Callable[[tuple[Any, ...]], None]]

#: Kept on ``sys``, where it outlives a re-import of this module (pytester restores ``sys.modules``).
_ATTRIBUTE: Final = "_pytest_flask_hygiene_audit"


def handlers_of_process() -> Handlers:
    """The dictionary that the hook looks its handlers up in; installs the hook when it is first asked for."""
    handlers: Handlers | None = getattr(sys, _ATTRIBUTE, None)
    if handlers is None:
        handlers = {}
        _install(handlers)
        setattr(sys, _ATTRIBUTE, handlers)
    return handlers


def _install(handlers: Handlers) -> None:
    get = handlers.get

    def hook(event: str, args: tuple[Any, ...]) -> None:
        handler = get(event)
        if handler is not None:
            handler(args)

    sys.addaudithook(hook)
    if hasattr(os, "register_at_fork"):
        # A forked child's resources are its own: multiprocessing, pytest-forked.
        os.register_at_fork(after_in_child=handlers.clear)
