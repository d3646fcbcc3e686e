"""Which filter of :mod:`warnings` decides about a ResourceWarning, and which of them are our own."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, Final

#: ``(action, message, category, module, line)``, as in ``warnings.filters``.
Filter = tuple[Any, ...]


class OurFilter(tuple[Any, ...]):
    """A filter that the plugin put in; also recognized by a run that is nested in another."""

    __slots__ = ()


_BLANKET_CATEGORIES: Final = (Warning, Exception, BaseException, object)
_PYTHONS_OWN: Final = ("ignore", None, ResourceWarning, None, 0)


def let_through(current: Iterable[Filter], user_ignores: bool) -> tuple[list[Filter], list[Filter]]:
    """The filters with our own put in, and our own alone.

    Ours stand before those that only Python's defaults, or a blanket ``ignore``, would stop a ResourceWarning
    by.  ``user_ignores``: the user wrote ``ignore::ResourceWarning``, so Python's own filter stays in force.
    """
    filters: list[Filter] = []
    inserted: list[Filter] = []

    def insert(message: Any = None, module: Any = None, line: int = 0) -> None:
        entry = OurFilter(("always", message, ResourceWarning, module, line))
        inserted.append(entry)
        filters.append(entry)

    done = False
    for entry in current:
        action, message, category, module, line = entry[:5]
        if not done and issubclass(ResourceWarning, category):
            anywhere = message is None and module is None and line == 0
            blanket = anywhere and category in _BLANKET_CATEGORIES
            if action == "ignore":
                if blanket or (tuple(entry[:5]) == _PYTHONS_OWN and not user_ignores):
                    insert()
                    done = True
            elif action in ("default", "module", "once"):
                insert(message, module, line)
            done = done or anywhere
        filters.append(entry)
    if not done:
        insert()
    return filters, inserted


def ignores_resource_warnings(text: str) -> bool:
    """Whether a filter, as text, is ``ignore::ResourceWarning`` and nothing narrower."""
    parts = [part.strip() for part in text.split(":")] + [""] * 5
    return (
        parts[0] == "ignore"
        and not parts[1]
        and parts[2].rpartition(".")[2] == "ResourceWarning"
        and not parts[3]
        and not parts[4]
    )


def without_ours() -> list[Filter]:
    """The filters in force, as they would be without the plugin."""
    return [entry for entry in warnings.filters if not isinstance(entry, OurFilter)]


def action_for(filters: Iterable[Filter], text: str, category: type[Warning], module: str, line: int) -> str:
    """What ``warnings.warn_explicit`` would do with such a warning: ``ignore``, ``error``, ``default``..."""
    for entry in filters:
        action, message, of_category, of_module, of_line = entry[:5]
        if (
            issubclass(category, of_category)
            and (message is None or message.match(text))
            and (of_module is None or of_module.match(module))
            and of_line in (0, line)
        ):
            return str(action)
    return "default"


_mutated: Final = getattr(warnings, "_filters_mutated", None)


def filters_mutated() -> None:
    """To be called when the filters have changed: which warnings Python has shown once depends on them."""
    if _mutated is not None:
        _mutated()
    else:  # Python 3.14
        with warnings._lock:  # type: ignore[attr-defined]
            warnings._filters_mutated_lock_held()  # type: ignore[attr-defined]
