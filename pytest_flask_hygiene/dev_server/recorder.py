"""Who opened what in one of the server's processes, from before the application is imported.

The instruments are those of the tests, but nothing is collected, frozen or closed while the server runs.
What Python's own garbage collections drop is noted when they happen; what is still open is listed when the
process ends.
"""

from __future__ import annotations

import gc
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Final

from ..birth import ENGINE, Birth
from ..births import BirthRecorder
from ..checks.left_open import LeftOpenCheck
from ..checks.resource_warnings import Emission, ResourceWarningCheck
from ..checks.stand_ins import SQLITE_NEEDED
from ..findings import Owner
from ..imports import PostImport
from ..owners import OwnerTracker
from ..stacks import Stack, line_of
from ..threads import ThreadRecorder, executor_of
from .events import Data

if TYPE_CHECKING:
    from ..checks.sqlite import SqliteCheck

#: So long requests that are being answered when the process ends may take to end.
_REQUEST_SECONDS: Final = 1.0
_LOOK_EVERY: Final = 0.005
#: At most so many are remembered of: stacks at which something was dropped, texts of warnings, threads.
_MAX_DROPPED: Final = 1000
_MAX_WARNINGS: Final = 1000
_MAX_THREADS: Final = 1000


class ThreadOwner(Owner):
    """A thread of the server's process, as the owner of what it opens: here there are no tests.

    It is described when it is first seen, for the thread may have ended when the report is made.
    """

    __slots__ = ("answers_request", "is_main", "thread")

    def __init__(self, thread: threading.Thread | None) -> None:
        super().__init__("thread", "a thread" if thread is None else thread.name)
        self.thread = None if thread is None else weakref.ref(thread)
        self.is_main = thread is threading.main_thread()
        self.answers_request = answers_request(thread)

    @property
    def is_alive(self) -> bool:
        thread = None if self.thread is None else self.thread()
        return thread is not None and threading.Thread.is_alive(thread)


def answers_request(thread: threading.Thread | None) -> bool:
    """Whether :class:`socketserver.ThreadingMixIn` started it, for one connection of a client's."""
    target = getattr(thread, "_target", None)
    return getattr(target, "__name__", "") == "process_request_thread"


class Recorder:
    """Records births in this process; ``snapshot`` says, as plain data, what is open."""

    def __init__(self) -> None:
        self._owners = OwnerTracker()
        self._births = BirthRecorder(self._owners)
        self._threads = ThreadRecorder(self._owners, self._births)
        self._warnings = ResourceWarningCheck(self._births, self._on_warning)
        self._left_open = LeftOpenCheck(self._births, self._threads, lambda _: False)
        self._imports = PostImport(self._births.fault)
        self._imports.when_imported("sqlalchemy.engine.create", self._births.makers.watch_engines)
        self._sqlite: SqliteCheck | None = None
        self._generation = 0
        self._by_thread: dict[int, ThreadOwner] = {}
        self._dropped: dict[tuple[str, Stack], Data] = {}
        self._engines: list[tuple[Birth, Data]] = []
        """Of which a pooled connection was dropped."""
        self._texts: list[str] = []
        self._ignored_threads: list[weakref.ref[threading.Thread]] = []
        self.process_ends = False

    def start(self) -> None:
        """Begin to watch, for the life of the process."""
        self._owners.current = ThreadOwner(threading.main_thread())
        self._imports.start()
        self._births.start()
        self._threads.start()
        self._owners.owner_of_thread = self._owner_of
        self._warnings.start()
        self._warnings.open_filters(lambda: ())
        self._warnings.watch_finalizers()
        if SQLITE_NEEDED:
            from ..checks.sqlite import SqliteCheck

            self._sqlite = SqliteCheck(self._on_dropped)
            self._births.on_sqlite_handle = self._sqlite.connected
            self._births.on_sqlite_connect = self._sqlite.release_dropped
            gc.callbacks.append(self._on_collection)

    def ignore_thread(self, thread: threading.Thread) -> None:
        """Never report this thread: the one that serves, which runs until the process ends."""
        self._ignored_threads.append(weakref.ref(thread))

    def _owner_of(self, thread: threading.Thread | None) -> Owner:
        key = id(thread)
        known = self._by_thread.get(key)
        if known is not None and known.thread is not None and known.thread() is thread:
            return known
        if len(self._by_thread) >= _MAX_THREADS:
            self._by_thread.clear()
        self._by_thread[key] = owner = ThreadOwner(thread)
        return owner

    # -- what is dropped while the server runs -------------------------------------------------

    def _on_warning(self, emission: Emission) -> None:
        if len(self._texts) < _MAX_WARNINGS:
            self._texts.append(f"ResourceWarning: {emission.text}")
        birth = emission.birth
        if birth is None:
            if emission.kind == "other":
                self._note_dropped(Birth("other", self._owners.get(), emission.stack), emission.text)
        elif not (self.process_ends and birth.kind == "tempdir"):
            # TemporaryDirectory removes its directory when the process ends.
            self._on_dropped(birth, emission.text)

    def _on_dropped(self, birth: Birth, text: str) -> None:
        if not birth.reported:
            birth.reported = True
            self._note_dropped(birth, text)

    def _note_dropped(self, birth: Birth, text: str) -> None:
        key = birth.kind, birth.stack
        known = self._dropped.get(key)
        if known is not None:
            known["count"] += 1
        elif len(self._dropped) < _MAX_DROPPED:
            self._dropped[key] = _describe(birth, "dropped", birth.describe(text))
            if birth.path == ENGINE:
                self._engines.append((birth, self._dropped[key]))

    # Before 3.13 Python does not warn about connections, so what a collection drops is seen here.
    def _on_collection(self, phase: str, info: dict[str, Any]) -> None:
        assert self._sqlite is not None
        try:
            if phase == "start":
                self._generation = info["generation"]
                self._sqlite.before_collection(self._generation)
            else:
                self._sqlite.after_collection(None, self._generation)
        except Exception as error:
            self._births.fault(error)

    # -- what is open at the end ---------------------------------------------------------------

    def snapshot(self) -> Data:
        """What is open now, and the threads that run and are not daemons."""
        held = [_describe(birth, "left_open", birth.describe()) for birth, _ in self._left_open.find(None)]
        threads = [data for _, data in self.waiting_for()]
        return {"held": held, "threads": threads, "faults": list(self._births.faults)}

    def last_snapshot(self) -> Data:
        """What is still open when the process ends, and what was dropped before."""
        _wait_for_requests()
        # As Python itself does right after the last atexit hook.
        gc.collect()
        if self._sqlite is not None:
            self._sqlite.release_dropped()
        for birth, data in self._engines:
            # Not dropped with its engine, but by the pool.
            data["pool_held"] = self._births.makers.is_held(birth)
        threads = [
            _describe(birth, "left_open", str(birth.path))
            for birth, thread in self._threads.alive_after_grace(None, self._is_of_interest)
        ]
        held = [
            _describe(birth, "left_open", birth.describe())
            for birth, _ in self._left_open.find(None)
            if not _is_of_open_request(birth.owner)
        ]
        return {
            "held": held,
            "threads": threads,
            "dropped": list(self._dropped.values()),
            "warnings": self._texts,
            "faults": list(self._births.faults),
        }

    def _is_of_interest(self, thread: threading.Thread) -> bool:
        """A thread that is cut off; for others Python has waited."""
        own = any(reference() is thread for reference in self._ignored_threads)
        return thread.daemon and not own and not answers_request(thread) and executor_of(thread) is None

    def waiting_for(self) -> list[tuple[threading.Thread, Data]]:
        """The threads that Python waits for at its end: those that are not daemons, and all of executors."""
        found = []
        for birth, thread in self._threads.alive(None):
            of_executor = executor_of(thread) is not None
            if of_executor or not thread.daemon:
                data = _describe(birth, "left_open", str(birth.path))
                found.append((thread, {**data, "executor": of_executor}))
        return found


def _wait_for_requests() -> None:
    """Give the requests that are being answered a little time to end."""
    end = time.monotonic() + _REQUEST_SECONDS
    for thread in threading.enumerate():
        # One that is about to be started is listed, too.
        while answers_request(thread) and thread.ident is not None and time.monotonic() < end:
            if not threading.Thread.is_alive(thread):
                break
            time.sleep(_LOOK_EVERY)


def _is_of_open_request(owner: Owner) -> bool:
    """A request that is being answered would close what it holds."""
    return isinstance(owner, ThreadOwner) and owner.answers_request and owner.is_alive


def _describe(birth: Birth, state: str, text: str) -> Data:
    """A birth as plain data."""
    owner = birth.owner
    assert isinstance(owner, ThreadOwner)
    return {
        "kind": birth.kind,
        "state": state,
        "text": text,
        "count": 1,
        "raw": birth.raw,
        "engine": birth.path == ENGINE,
        "thread": owner.name,
        "in_main_thread": owner.is_main,
        "in_request": owner.answers_request,
        "stack": frames_of(birth.stack),
    }


def frames_of(stack: Stack) -> list[tuple[str, int, str]]:
    """Path, line and function of each frame, innermost first."""
    return [(code.co_filename, line_of(code, offset), code.co_name) for code, offset in stack]
