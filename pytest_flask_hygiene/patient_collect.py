"""``gc.collect()``, which does nothing while another thread collects: that one is waited for.

A thread that collects lets others go on when a finalizer closes a file, say.  A sweep that fell into such a
moment would find nothing.
"""

from __future__ import annotations

import threading
from typing import Final

from . import gc_functions
from .clock import Clock

#: How long another thread's collection is waited for, in whose finalizers that thread may be busy.
_PATIENCE_SECONDS: Final = 1.0
_LOOK_EVERY: Final = 0.0005


class PatientCollect:
    """Knows which collections are under way, as long as it is told of each."""

    def __init__(self) -> None:
        self._under_way = 0
        """The thread that collects now; 0: none does."""
        self._ours = 0
        """The thread that our own collections are made in."""
        self._begun_in_ours = self._begun = 0
        """How many have begun in that thread, and in any."""
        self._waited_for = 0
        """The one that took too long: which one of all."""

    def begins(self) -> bool:
        """A collection begins.  True if it does in the thread that makes our own."""
        self._under_way = thread = threading.get_ident()
        self._begun += 1
        if thread != self._ours:
            return False
        self._begun_in_ours += 1
        return True

    def ends(self) -> None:
        """The collection under way has ended."""
        self._under_way = 0

    def __call__(self, generation: int, *, wait: bool, enable: bool) -> None:
        """``wait``: only if it is told of collections now.  ``enable``: automatic collections, before."""
        thread = self._ours = threading.get_ident()
        begun = self._begun_in_ours
        if enable:
            # Not earlier: each call of a function may be the moment of one.
            gc_functions.enable()
        gc_functions.builtin_collect(generation)
        if self._begun_in_ours != begun or not wait:
            return
        end = Clock.monotonic() + _PATIENCE_SECONDS
        # Counted as well, for the clock may stand.
        looks = iter(range(1, int(_PATIENCE_SECONDS / _LOOK_EVERY)))
        enabled = gc_functions.is_enabled()
        # Or that thread's next collection might begin first.
        gc_functions.disable()
        try:
            while self._begun_in_ours == begun and self._under_way != thread:
                if self._waited_for == self._begun or Clock.monotonic() > end or not next(looks, 0):
                    self._waited_for = self._begun
                    break
                Clock.sleep(_LOOK_EVERY)
                gc_functions.builtin_collect(generation)
        finally:
            if enabled:
                gc_functions.enable()
