"""The garbage collector as an instrument: freeze what is old, sweep what a test made, restore.

A full collection after each test makes suites three to eight times slower.  ``gc.freeze()`` after each
teardown leaves the next sweep only what its test made.  ``gc.DEBUG_SAVEALL`` lets one collection run
finalizers (late warnings come now) and hand over the garbage (cycles are seen); a second one, without it,
frees the garbage.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Final

from . import gc_functions
from .cost import COLLECTIONS, Cost
from .gc_functions import Replacements
from .patient_collect import PatientCollect
from .saved_garbage import SavedGarbage

#: So many saved objects are judged and freed at once, and no more are saved during that test: clearing
#: ``gc.garbage`` frees nothing, so a test that makes millions of cycles would keep them all.
SAVED_OBJECTS_CAP: Final = 10_000

#: Python 3.12 alone moves its immortal objects, a few hundred, to the frozen ones whenever it collects
#: (``update_refs`` in its gcmodule.c).  A heap that somebody has frozen on purpose is far larger.
_FROZEN_BY_PYTHON: Final = 1_000 if sys.version_info[:2] == (3, 12) else 0

_MAX_ROUNDS: Final = 4

#: Runs nested in one process (pytester): only the innermost collects; the one around it waits.
_running: list[Collector] = []


class Collector:
    """One pytest run's use of :mod:`gc`.

    ``judge`` sees the objects found unreachable and must keep none of them; those that it frees it takes out
    of the list.  ``before`` is called ahead of each collection with the generation, ``after`` behind it with
    the garbage saved by it (None when nothing is being saved), ``prepare`` ahead of each sweep.
    """

    def __init__(
        self,
        judge: Callable[[list[object]], None],
        on_fault: Callable[[Exception], None],
        cost: Cost,
        *,
        before: Callable[[int], None] | None = None,
        after: Callable[[list[object] | None], None] | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        self._on_fault = on_fault
        self._cost = cost
        self.cost_part = COLLECTIONS
        self._saved = SavedGarbage(judge)
        self._before = before
        self._after = after
        self._prepare = prepare
        self._unfreed = False
        self._aged = True
        """Objects of the phase under way may be in the oldest generation by now."""
        self._started = False
        self._freezing = False
        self._sweeping = False
        self._resuming = False
        self._replacements: Replacements | None = None
        self._saved_from = 0
        self._user_frees = False
        self._collect_now = PatientCollect()
        self._interrupted = False
        """By the user, in the middle of a collection; it is raised again when the test has ended."""
        self.stopped_early = False
        """The current test made more garbage than is saved."""

    def watch(self) -> None:
        """See collections from here on, before ``start``: imports drop things, too."""
        if not self._watches():
            gc.callbacks.append(self._on_collection)

    def unwatch(self) -> None:
        if self._watches():
            gc.callbacks.remove(self._on_collection)

    def _watches(self) -> bool:
        return self._on_collection in gc.callbacks

    def start(self) -> None:
        self._started = True
        if _running:
            _running[-1]._suspend()
        # Counting them takes a walk over them all, and the run around this one has frozen what there was.
        self._freezing = not _running and gc.get_freeze_count() <= _FROZEN_BY_PYTHON
        _running.append(self)
        self.watch()
        self._replacements = Replacements(self._users_collect, self._users_set_debug, self._saved.users_flags)

    def stop(self) -> None:
        self.unwatch()
        if not self._started:
            return
        self._started = False
        self.stop_saving()
        if self._replacements is not None:
            self._replacements.undo()
            self._replacements = None
        self.thaw()
        self._freezing = False
        _running.remove(self)
        if _running:
            _running[-1]._resume()

    def _suspend(self) -> None:
        self._resuming = self._saved.is_on
        self._collect_and_judge()

    def _resume(self) -> None:
        if self._resuming and not self.stopped_early:
            self._saved.save()

    def freeze(self) -> None:
        """Take everything alive now out of later sweeps."""
        if self._freezing:
            gc.freeze()
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt

    def thaw(self) -> None:
        if self._freezing:
            gc.unfreeze()

    def start_saving(self) -> None:
        """From here on garbage is kept for the next sweep instead of being freed unseen."""
        self.stopped_early = False
        self._aged = False
        if self._started:
            if self._unfreed:
                # Another attempt of the same test (pytest-rerunfailures).
                self.collect()
            self._saved.save()

    def phase_begins(self) -> None:
        """What is made from here on is young, and all that a sweep of the young has to look at."""
        self._aged = False

    def phase_goes_on(self) -> None:
        """There was a sweep in the middle of it, and what that has aged is to be looked at again."""
        self._aged = True

    def stop_saving(self) -> None:
        self._unfreed = self.holds_garbage
        self._saved.stop()

    def sweep(self, *, young: bool = False, free: bool = False) -> bool:
        """Collect what is new and judge the garbage.  True if there was any.

        ``young``: only what was made since ``phase_begins()``, unless Python's own collections have mixed it
        with what is older.  ``free``: now, which takes another collection; else the next one that does not
        save does it.
        """
        if not self._started:
            return False
        was_saving = self._saved.is_on
        if self._unfreed and not was_saving:
            # It would be judged again.
            self.collect()
        try:
            found = more = self._collect_saving(1 if young and not self._aged else 2)
            rounds = 1
            # What finalizers make is young.  Where Python collects often, they have run before the sweep.
            while more and rounds < _MAX_ROUNDS:
                more = self._collect_saving(1)
                rounds += 1
        except BaseException:
            self.stop_saving()
            raise
        if found and free:
            self.collect()
            if was_saving and not self.stopped_early:
                self._saved.save()
        elif not was_saving:
            self.stop_saving()
        return found

    @property
    def holds_garbage(self) -> bool:
        """A sweep has found some, and no collection has freed it yet."""
        return self._unfreed or self._saved.holds_judged

    def _collect_and_judge(self) -> bool:
        """Leaves saving switched off; true if there was garbage, which the next collection frees."""
        self._aged = True
        try:
            # The user's own call would not wait either.
            return self._collect_saving(2, wait=False)
        finally:
            self.stop_saving()

    def _collect_saving(self, generation: int, *, wait: bool = True) -> bool:
        enabled = gc_functions.is_enabled()
        # What ``prepare`` makes must still be young when it is looked for.
        gc_functions.disable()
        try:
            if self._prepare is not None:
                self._prepare()
            self._saved.save()
            # By automatic collections.
            self._saved.forget()
            wait = wait and self._watches()
        except BaseException:
            if enabled:
                gc_functions.enable()
            raise
        self._sweeping = True
        try:
            began = perf_counter()
            self._collect_now(generation, wait=wait, enable=enabled)
            self._cost.add(self.cost_part, began)
            return self._saved.judge()
        finally:
            self._sweeping = False

    def collect(self) -> None:
        """Collect what is new without judging it: late warnings come, memory is freed."""
        self.stop_saving()
        began = perf_counter()
        self._collect_now(2, wait=self._watches(), enable=False)
        self._cost.add(self.cost_part, began)
        self._unfreed = False

    def _on_collection(self, phase: str, info: dict[str, int]) -> None:
        try:
            self._collecting(phase, info)
        except KeyboardInterrupt:
            # Python would print it and go on.
            self._interrupted = True

    def _collecting(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            is_ours = self._collect_now.begins() and self._sweeping
            if info["generation"] and not is_ours:
                self._aged = True
                if self._saved.is_on and info["generation"] == 2 and _asked_for_by_name():
                    # "from gc import collect", done before the plugin was loaded: it must free.
                    self._user_frees = True
                    self._saved.judge()
                    self.stop_saving()
            if self._before is not None:
                self._saved_from = len(gc.garbage)
                self._before(info["generation"])
            return
        self._collect_now.ends()
        if self._after is not None:
            self._after(gc.garbage[self._saved_from :] if self._saved.is_on else None)
        if self._user_frees:
            self._user_frees = False
            if not self.stopped_early:
                self._saved.save()
        elif self._saved.is_on and not self._sweeping and self._saved.count > SAVED_OBJECTS_CAP:
            self.stopped_early = True
            self._saved.judge()
            self.stop_saving()

    def _users_set_debug(self, flags: int) -> None:
        """``gc.set_debug()`` as a test calls it: a test that saves garbage itself sees its own, not ours."""
        if not self._saved.is_on or self._sweeping:
            gc_functions.builtin_set_debug(flags)
            return
        try:
            self._collect_and_judge()
        except Exception as error:
            self._on_fault(error)
        gc_functions.builtin_set_debug(flags)
        self._saved.save()

    def _users_collect(self, generation: int) -> int:
        """``gc.collect()`` as a test calls it: ours first, then theirs, which frees as without us."""
        if _running and _running[-1] is not self:
            # "from gc import collect", done before the run inside this one has begun.
            return _running[-1]._users_collect(generation)
        if (
            not self._saved.is_on
            or self._sweeping
            or threading.current_thread() is not threading.main_thread()
        ):
            return int(gc_functions.builtin_collect(generation))
        found = self.holds_garbage
        try:
            found = self._collect_and_judge() or found
        except Exception as error:
            self._on_fault(error)
            return int(gc_functions.builtin_collect(generation))
        if generation >= 2:
            self.thaw()
        try:
            # Ours has moved the garbage to the oldest generation.
            self._unfreed = False
            return int(gc_functions.builtin_collect(2 if found else generation))
        finally:
            if not self.stopped_early:
                self._saved.save()


def _asked_for_by_name() -> bool:
    """Whether the running frame calls the built-in ``gc.collect`` under a global name of its own."""
    # None where a thread was started with the function itself.
    frame = sys._getframe(2).f_back
    if frame is None:
        return False
    names = frame.f_globals
    return any(names.get(name) is gc_functions.builtin_collect for name in frame.f_code.co_names)
