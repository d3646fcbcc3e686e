"""Garbage that is kept to be judged, instead of being freed unseen: ``gc.DEBUG_SAVEALL``, ``gc.garbage``."""

from __future__ import annotations

import gc
from collections.abc import Callable
from itertools import compress
from operator import not_
from typing import Final

from .gc_functions import builtin_get_debug, builtin_set_debug

#: ``id()`` is audited: hooks run Python code, once for each object of the garbage.
_address: Final = object.__hash__


class SavedGarbage:
    """What collections have saved in ``gc.garbage``, and which of it has been judged."""

    def __init__(self, judge: Callable[[list[object]], None]) -> None:
        """``judge`` must keep none of the objects; those that it frees it takes out of the list."""
        self._judge = judge
        self._judged: set[int] = set()
        """Where the garbage lies that has been judged and not been freed yet, as ``_address`` tells it."""
        self._flags_on_arrival = 0
        """``gc.get_debug()`` without us."""
        self._keep = 0
        """How many objects at the beginning of ``gc.garbage`` are the user's."""
        self.is_on = False
        """Collections save what they find, because of us."""

    def save(self) -> None:
        """From now on collections save garbage instead of freeing it."""
        flags = builtin_get_debug()
        if flags & gc.DEBUG_SAVEALL or self.is_on:
            # The user's own use of gc.garbage is left alone.
            return
        self._flags_on_arrival = flags
        self._keep = len(gc.garbage)
        self.is_on = True
        builtin_set_debug(flags | gc.DEBUG_SAVEALL)

    def stop(self) -> None:
        """From now on collections free garbage again."""
        self._judged.clear()
        if self.is_on:
            self.is_on = False
            # Nobody judges these any more, after an interrupted test say.
            self.forget()
            if builtin_get_debug() == self._flags_on_arrival | gc.DEBUG_SAVEALL:
                builtin_set_debug(self._flags_on_arrival)

    def forget(self) -> None:
        """Refer to the saved garbage no more.  The next collection finds it again."""
        del gc.garbage[self._keep :]

    def users_flags(self) -> int:
        """What ``gc.get_debug()`` would say without us."""
        flags: int = builtin_get_debug()
        return self._flags_on_arrival if self.is_on else flags

    @property
    def holds_judged(self) -> bool:
        """Whether some garbage has been judged that no collection has freed yet."""
        return bool(self._judged)

    @property
    def count(self) -> int:
        """How many objects are saved now."""
        return len(gc.garbage) - self._keep

    def judge(self) -> bool:
        """Judge the saved garbage that has not been judged before.  True if there was any."""
        if not self.is_on or self.count <= 0:
            return False
        saved: list[object] = gc.garbage[self._keep :]
        # No more than that: another thread may have collected meanwhile.
        del gc.garbage[self._keep : self._keep + len(saved)]
        try:
            if self._judged:
                known = map(self._judged.__contains__, map(_address, saved))
                saved[:] = compress(saved, map(not_, known))
            if saved:
                self._judge(saved)
            return bool(saved)
        finally:
            # What ``judge`` has taken out may be freed by now, and something else lie there soon.
            self._judged.update(map(_address, saved))
            saved.clear()
