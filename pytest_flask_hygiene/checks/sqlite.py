"""Dropped sqlite connections, with the same outcome on every Python.

Python 3.13 warns about them; 3.10 to 3.12 say nothing.  There:

* 3.11 and 3.12: an open connection and its statement cache refer to each other, so a dropped one waits for
  a collection.  Which ones are open is noted just before it (3.12's finalizer closes them), which ones were
  garbage just after it.  Only ids are kept: a connection that is held keeps its write lock.
* 3.10: a dropped connection goes at once and in silence, so it has to be held until its test's next sweep,
  or the next ``connect()``, finds that nobody else holds it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ..birth import Birth
from ..heap.objects import ids_on_heap, objects_by_id

if TYPE_CHECKING:
    from sqlite3 import Connection

_MAX_CONNECTIONS: Final = 4096
_HOLDS: Final = sys.version_info < (3, 11)
#: ``sys.getrefcount`` of an object that only a local variable and the call itself refer to.
_ONLY_OURS: Final = 2


class SqliteCheck:
    """Calls ``on_dropped`` with the birth of each connection that was dropped while open."""

    def __init__(self, on_dropped: Callable[[Birth, str], None]) -> None:
        self._on_dropped = on_dropped
        self._births: dict[int, Birth] = {}
        """3.11 and 3.12: of connections that may be open, by their ``id()``."""
        self._open_before: dict[int, Birth] = {}
        """3.11 and 3.12: those of the connections that were open when the collection under way began."""
        self._held: list[tuple[Connection, Birth]] = []
        """3.10: connections that may be open."""
        self._in_cells: dict[int, Birth] = {}
        """3.10: of the connections that wait in cells for a sweep, by their ``id()``."""

    def connected(self, connection: Connection, birth: Birth) -> None:
        """The audit hook saw a new connection."""
        if _HOLDS:
            self._held.append((connection, birth))
        else:
            if len(self._births) >= _MAX_CONNECTIONS:
                # Closed ones are not taken out when they go.
                for key in list(self._births)[: _MAX_CONNECTIONS // 2]:
                    self._births.pop(key, None)
            self._births[id(connection)] = birth

    @property
    def needs_sweep(self) -> bool:
        """3.10: only a sweep can tell whether a connection that is held here is otherwise dropped."""
        return bool(self._held)

    def release_dropped(self) -> None:
        """3.10: let go of connections that nobody else refers to, so that their locks end."""
        if not self._held:
            return
        held, self._held = self._held, []
        while held:
            connection, birth = held.pop()
            if sys.getrefcount(connection) > _ONLY_OURS:
                self._held.append((connection, birth))
            elif is_open(connection):
                self._on_dropped(birth, description(connection))
            del connection
        self._held.reverse()

    def forget_closed(self) -> None:
        """Between tests: closed connections are no longer of interest."""
        if _HOLDS:
            self._held = [(c, b) for c, b in self._held if is_open(c)]

    def prepare(self) -> None:
        """3.10: before a sweep, hold connections so that only a collection can tell who else does."""
        self.release_dropped()
        if self._held:
            held, self._held = self._held, []
            while held:
                connection, birth = held.pop()
                if is_open(connection):
                    self._in_cells[id(connection)] = birth
                    cell = _Cell(connection)
                    del cell
                del connection

    def judge(self, garbage: list[object]) -> None:
        """3.10: our own cells come out of the sweep; a connection that came with its cell was dropped."""
        if not _HOLDS:
            return
        cells = [o for o in garbage if type(o) is _Cell and o.itself is not None]
        if not cells:
            return
        garbage[:] = [o for o in garbage if type(o) is not _Cell]
        ids = {id(o) for o in garbage}
        while cells:
            cell = cells.pop()
            connection = cell.connection
            birth = self._in_cells.pop(id(connection))
            if id(connection) in ids:
                self._on_dropped(birth, description(connection))
            else:
                self._held.append((connection, birth))
            # By now nothing but itself refers to the cell.
            cell.itself = None
            del cell.connection, connection, cell

    def before_collection(self, generation: int) -> None:
        """3.11 and 3.12: note which of the connections about to be looked at are open."""
        if not self._births:
            return
        import sqlite3

        births = self._births
        self._open_before = {}
        for candidate in objects_by_id(list(births), generation + 1):
            if issubclass(type(candidate), sqlite3.Connection):
                birth = births.get(id(candidate))
                if birth is None:  # another thread has forgotten it
                    continue
                if is_open(candidate):
                    self._open_before[id(candidate)] = birth
                else:
                    births.pop(id(candidate), None)

    def after_collection(self, saved: list[object] | None, survivors_of: int) -> None:
        """3.11 and 3.12: the open ones that turned out to be garbage were dropped.

        ``saved``: the garbage, if the collection saved it; else what is no longer on the heap was garbage.
        ``survivors_of``: the oldest generation that was collected; its survivors are in the next one.
        """
        if not self._open_before:
            return
        before, self._open_before = self._open_before, {}
        if saved is not None:
            dropped = {id(o) for o in saved} & before.keys()
        else:
            dropped = before.keys() - ids_on_heap(before, min(survivors_of + 2, 3))
        for key in dropped:
            self._births.pop(key, None)
            self._on_dropped(before[key], f"unclosed database in <sqlite3.Connection object at {key:#x}>")

    def stop(self) -> None:
        """Let go of every connection."""
        self._births.clear()
        self._held.clear()
        self._in_cells.clear()
        self._open_before.clear()


class _Cell:
    """Holds a connection until the next collection: it refers to itself, and nothing else refers to it."""

    __slots__ = ("connection", "itself")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.itself: _Cell | None = self


def is_open(connection: Any) -> bool:
    """Whether a ``sqlite3.Connection`` is open; may be called in any thread."""
    import sqlite3

    try:
        # Of the base class: a subclass may override the attribute.
        sqlite3.Connection.total_changes.__get__(connection)
    except sqlite3.ProgrammingError:
        return False
    return True


def description(connection: object) -> str:
    """The words of Python 3.13's own warning, which a user's filters may name."""
    return f"unclosed database in <sqlite3.Connection object at {id(connection):#x}>"
