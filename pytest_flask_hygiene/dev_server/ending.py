"""How a process of the server ends: the threads it waits for, the ``atexit`` hooks that fail, what is left.

Python waits for threads that are not daemons first (``threading._shutdown``), and runs ``atexit`` hooks
afterwards, the last registered first, in the main thread.
"""

from __future__ import annotations

import _thread
import atexit
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ..stacks import capture_stack
from .events import Data, EventWriter, in_words

if TYPE_CHECKING:
    from .recorder import Recorder

_LOOK_EVERY: Final = 0.01


class Hook:
    """A function registered with ``atexit``, and where.

    Equal to the function, so that ``atexit.unregister`` finds it.
    """

    def __init__(
        self, function: Callable[..., Any], stack: list[tuple[str, int, str]], ending: Ending
    ) -> None:
        self._function = function
        self._stack = stack
        self._ending = ending

    def __call__(self, *args: Any, **kwargs: Any) -> object:
        self._ending.hook_begins(self, self._stack)
        try:
            return self._function(*args, **kwargs)
        except BaseException as error:
            self._ending.hook_failed(self, error, self._stack)
            raise

    def __eq__(self, other: object) -> bool:
        return bool(self._function == other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        try:
            return repr(self._function)
        except Exception:
            # It has to run all the same.
            return object.__repr__(self._function)


class Ending:
    """Writes down how this process ends.

    Its own ``atexit`` hook is registered before all others, and so runs after them.
    """

    def __init__(self, events: EventWriter) -> None:
        self._events = events
        self.recorder: Recorder | None = None
        self._register = atexit.register
        self._shutdown: Callable[[], None] = threading._shutdown  # type: ignore[attr-defined]
        self._pid = os.getpid()
        self._began = 0.0
        self._waiting: list[tuple[threading.Thread, Data]] = []
        self._waited: list[Data] = []
        self._failed: list[Data] = []
        atexit.register(self._last_hook)
        threading._shutdown = self._on_shutdown  # type: ignore[attr-defined]

    def watch(self, recorder: Recorder) -> None:
        """From here on, note who registers ``atexit`` hooks; at the end, also what ``recorder`` has seen."""
        self.recorder = recorder
        atexit.register = self._on_register

    def _on_register(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        from .recorder import frames_of

        if not callable(function):
            # atexit's own error.
            return self._register(function, *args, **kwargs)
        self._register(Hook(function, frames_of(capture_stack(sys._getframe(1))), self), *args, **kwargs)
        return function

    def hook_begins(self, hook: Hook, stack: list[tuple[str, int, str]]) -> None:
        """Write it down first: if it never ends, pytest can name it."""
        # Without privileges or free descriptors it can't be written; the user's hook has to run all the same.
        with contextlib.suppress(OSError):
            self._events.write("hook", hook=repr(hook), stack=stack)

    def hook_failed(self, hook: Hook, error: BaseException, stack: list[tuple[str, int, str]]) -> None:
        """Keep it for the last event; Python itself prints the error, and goes on to the next hook."""
        self._failed.append({"hook": repr(hook), "error": in_words(error), "stack": stack})

    def main_thread_ends(self) -> None:
        """The main thread leaves the reloader; from here on Python only waits for other threads.

        How long for each is measured from here, and not from ``_on_shutdown``, where Python 3.12 starts no
        more threads (CPython gh-104690).
        """
        self._begin()
        if any("seconds" not in data for _, data in self._waiting):
            # By _thread, so that the user's own code does not see it in threading.enumerate().
            _thread.start_new_thread(self._time_threads, ())

    def _begin(self) -> None:
        """Look once for the threads that Python will wait for."""
        if self._began:
            return
        self._began = time.monotonic()
        if self.recorder is not None:
            self.recorder.process_ends = True
            self._waiting = self.recorder.waiting_for()
        else:
            main = threading.main_thread()
            others = [t for t in threading.enumerate() if t is not main and not t.daemon]
            self._waiting = [(thread, {"text": thread.name}) for thread in others]

    def _on_shutdown(self) -> None:
        """In the place of ``threading._shutdown``: the main thread has ended, and waits for the others."""
        if os.getpid() != self._pid:
            # A process that the application has forked.
            self._shutdown()
            return
        self._begin()
        self._events.write("ending", waits_for=[data for _, data in self._waiting])
        try:
            self._shutdown()
        finally:
            self._add_new_threads()
            waiting, self._waiting = self._waiting, []
            for thread, data in waiting:
                data["interrupted"] = threading.Thread.is_alive(thread)
                data.setdefault("seconds", time.monotonic() - self._began)
            self._waited = [data for _, data in waiting]
            waiting.clear()

    def _add_new_threads(self) -> None:
        """Wait also for threads that others have started meanwhile: a timer, say, by the timer before it."""
        if self.recorder is not None:
            known = {id(thread) for thread, _ in self._waiting}
            self._waiting += [entry for entry in self.recorder.waiting_for() if id(entry[0]) not in known]

    def _time_threads(self) -> None:
        """Note when each thread ends, until ``_on_shutdown`` takes the list away."""
        while self._waiting:
            self._add_new_threads()
            for thread, data in self._waiting:
                if "seconds" not in data and not threading.Thread.is_alive(thread):
                    data["seconds"] = time.monotonic() - self._began
            time.sleep(_LOOK_EVERY)

    def _last_hook(self) -> None:
        """All other ``atexit`` hooks have run."""
        if os.getpid() != self._pid:
            return
        if self.recorder is None:
            self._events.write("ended", recorded=False)
            return
        try:
            data = self.recorder.last_snapshot()
        except Exception as error:
            # pytest has to hear in any case that the process has ended.
            self._events.write("ended", recorded=True, fault=f"last look: {in_words(error)}")
            return
        self._events.write("ended", recorded=True, waited=self._waited, failed_hooks=self._failed, **data)
