"""What holds what, as text: the loop of an exception cycle, or the way from a root to what is still open.

``chain_nodes.py`` makes it of objects; ``report/chain_text.py`` and ``report/chain_svg.py`` draw it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

#: The first node of a loop is the exception, or a traceback whose exception is gone.  Another chain goes from
#: a root (``module``, ``class``, ``cache``: a cached function, ``logger``, ``thread``) to the ``resource``.
NodeKind = Literal[
    "exception",
    "traceback",
    "frame",
    "object",
    "module",
    "class",
    "cache",
    "logger",
    "thread",
    "resource",
]


@dataclass(frozen=True)
class Node:
    """One object, as text; it keeps nothing of the user's alive."""

    kind: NodeKind
    text: str
    """What it is: ``ValueError: bad price``, ``load()`` (a frame), ``dict``, ``shop.db`` (a module)."""
    path: str = ""
    """The source file: of a frame or traceback, or of what a module, a class or a function is defined in."""
    line: int = 0
    """Where it is in that file; 0 if no line says more than the others."""


@dataclass(frozen=True)
class Chain:
    """``edges[n]`` is how ``nodes[n]`` refers to the next: ``.__traceback__``, ``error``, ``['main']``."""

    nodes: tuple[Node, ...]
    edges: tuple[str, ...]
    """One less than the nodes; as many in a loop, whose last one leads back to the first node."""

    @property
    def is_loop(self) -> bool:
        return 0 < len(self.nodes) == len(self.edges)

    def to_data(self) -> dict[str, Any]:
        """Plain data, for another process or a report."""
        return asdict(self)


def chain_from_data(data: dict[str, Any] | None) -> Chain | None:
    """The chain that :meth:`Chain.to_data` gave."""
    if data is None:
        return None
    return Chain(tuple(Node(**node) for node in data["nodes"]), tuple(data["edges"]))
