"""Who opened what, and where, as the audit hook sees it.

No object is kept alive: files are known by their descriptor, other things by their ``id()``.  ``open`` is
audited before there is an object or a descriptor.  ``open`` will get the lowest free descriptor (POSIX), so
duplicating and closing one inside the hook predicts it (0.5 us; see ``docs/how-it-works.md``).
"""

from __future__ import annotations

import os
import sys
import weakref
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from .audit_hook import Handlers, handlers_of_process
from .birth import ENGINE, Birth
from .faults import Faults
from .files import descriptor_and_name, same_name, text_of
from .makers import Makers
from .owners import OwnerTracker
from .stacks import IMPORT_FILES, capture_stack
from .weak_ids import WeakIds

#: Births whose descriptor another one took are remembered at most: of threads that open files at one moment.
_MAX_DISPLACED: Final = 32
#: A test may replace them in ``os``.
_close, _dup = os.close, os.dup

#: Sockets, subprocesses and the like that are remembered at most; files are bounded by their descriptors.
_MAX_OBJECTS: Final = 4096
_SUBPROCESS_FILE: Final = os.sep + "subprocess.py"


class BirthRecorder:
    """Remembers where each resource that may still be open was opened."""

    def __init__(self, owners: OwnerTracker) -> None:
        self._owners = owners
        self._previous: Handlers = {}
        """Those of an outer pytest run."""
        self.by_descriptor: dict[int, Birth] = {}
        """Files, by the descriptor that was predicted."""
        self._displaced: deque[Birth] = deque(maxlen=_MAX_DISPLACED)
        """Files whose descriptor was predicted for another one since: closed, or opened by another thread."""
        self.by_path: dict[str, Birth] = {}
        """Files whose descriptor could not be predicted, and temporary directories."""
        self.by_id: dict[int, Birth] = {}
        """Everything else, by the object's ``id()``."""
        # To be called before a connection is made, and with each new one.
        self.on_sqlite_connect: Callable[[], None] | None = None
        self.on_sqlite_handle: Callable[[Any, Birth], None] | None = None
        self._popens: WeakIds[Birth] = WeakIds()
        """Each ``Popen`` that has opened pipes."""
        self.faults = Faults()
        self.makers = Makers(owners, self.fault)

    def start(self) -> None:
        """Record what is opened from now on."""
        handlers = handlers_of_process()
        self._previous = dict(handlers)
        handlers.clear()
        self.makers.watch_log_handlers()
        handlers.update(
            {
                "open": self._on_open,
                "mmap.__new__": self._guarded(self._on_mmap),
                "socket.__new__": self._guarded(self._on_socket),
                "sqlite3.connect": self._guarded(self._on_sqlite_connect),
                "sqlite3.connect/handle": self._guarded(self._on_sqlite_handle),
                "subprocess.Popen": self._guarded(self._on_popen),
                "tempfile.mkdtemp": self._guarded(self._on_mkdtemp),
            }
        )

    def stop(self) -> None:
        """Give the hook back to whoever recorded before (an outer pytest run)."""
        handlers = handlers_of_process()
        handlers.clear()
        handlers.update(self._previous)
        outer = getattr(self._previous.get("open"), "__self__", None)
        if outer is not None:
            outer.forget_files_of(self)
        self._previous = {}
        self.makers.stop()
        self.by_descriptor.clear()
        self._displaced.clear()
        self._popens.clear()
        self.by_path.clear()
        self.by_id.clear()

    def forget_files_of(self, inner: BirthRecorder) -> None:
        """Forget what a file of a run inside this one, which lives on, could be taken for.

        That is a file of the same descriptor or of the same name; this run's own are closed, most likely.
        """
        # Copies, as everywhere: other threads open files.
        names = {b.path for b in list(inner.by_descriptor.values()) if type(b.path) is str}
        for descriptor, birth in self.by_descriptor.copy().items():
            if descriptor in inner.by_descriptor or (type(birth.path) is str and birth.path in names):
                self.by_descriptor.pop(descriptor, None)
        self._displaced.clear()

    def _guarded(self, handler: Callable[[tuple[Any, ...]], None]) -> Callable[[tuple[Any, ...]], None]:
        def guarded(args: tuple[Any, ...]) -> None:
            # An exception would make the audited call itself fail.
            try:
                handler(args)
            except Exception as error:
                self.fault(error)

        return guarded

    def fault(self, error: Exception) -> None:
        self.faults.add("birth recording", error)

    def _on_open(self, args: tuple[Any, ...]) -> None:
        try:
            frame: FrameType | None = sys._getframe(2)
            if frame is None or frame.f_code.co_filename in IMPORT_FILES:
                return
            path = args[0]
            if type(path) is int:
                descriptor = path
            else:
                # As _taken_descriptor does, without the call: this runs for each file that is opened.
                try:
                    descriptor = _dup(2)
                    _close(descriptor)
                except OSError:
                    descriptor = -1
                if type(path) is not str:
                    path = text_of(path)
            maker = self.makers.of_log_file(frame)
            if maker is None:
                birth = Birth("file", self._owners.get(), capture_stack(frame), path)
            else:
                birth = Birth("file", maker.owner, maker.stack, path)
            # os.open() passes no mode.
            birth.raw = args[1] is None
            if path is descriptor:
                birth = self._pipe_of_popen(frame, birth)
            if descriptor >= 0 and os.name == "posix":
                before = self.by_descriptor.get(descriptor)
                if before is not None:
                    self._displaced.append(before)
                self.by_descriptor[descriptor] = birth
            elif path is not None:
                self.remember(self.by_path, path, birth)
        except Exception as error:
            self.fault(error)

    def _on_mmap(self, args: tuple[Any, ...]) -> None:
        # A mapping has a duplicate of the file's descriptor, which stays open when the file is closed.
        mapped = self.by_descriptor.get(args[0])
        if mapped is not None and os.name == "posix":
            birth = Birth("file", self._owners.get(), capture_stack(sys._getframe(3)), mapped.path)
            birth.raw = True
            self.by_descriptor[self._taken_descriptor()] = birth

    def _taken_descriptor(self) -> int:
        """The lowest free one, which is about to be taken.  Raises :class:`OSError` if there is none."""
        descriptor = _dup(2)
        _close(descriptor)
        before = self.by_descriptor.pop(descriptor, None)
        if before is not None:
            self._displaced.append(before)
        return descriptor

    def _on_socket(self, args: tuple[Any, ...]) -> None:
        frame = sys._getframe(3)
        birth = Birth("socket", self._owners.get(), capture_stack(frame))
        loop = _loop_being_made(frame)
        if loop is None:
            birth.ref = _weakly(args[0])
        else:
            # A socket of the pair that the loop wakes itself with: one resource, the loop.
            birth.kind = "event-loop"
            # Another loop may have had this id(); both sockets of one have the same outermost frame.
            known = self.by_id.get(id(loop))
            if known is not None and known.stack[-1:] == birth.stack[-1:] and not known.reported:
                birth = known
            birth.ref = _weakly(loop)
            self.remember(self.by_id, id(loop), birth)
        self.remember(self.by_id, id(args[0]), birth)

    def _on_sqlite_connect(self, _: tuple[Any, ...]) -> None:
        if self.on_sqlite_connect is not None:
            self.on_sqlite_connect()
        if self.by_descriptor and os.name == "posix":
            # The database will get it: who had that number has closed it.
            self._taken_descriptor()

    def _on_sqlite_handle(self, args: tuple[Any, ...]) -> None:
        frame = sys._getframe(3)
        maker = self.makers.of_pooled_connection(frame)
        if maker is None:
            birth = Birth("sqlite", self._owners.get(), capture_stack(frame))
        else:
            birth = maker.born or Birth("sqlite", maker.owner, maker.stack, ENGINE)
            # Another thread may have had the pool connect meanwhile.
            birth = maker.born = maker.born or birth
        self.remember(self.by_id, id(args[0]), birth)
        if self.on_sqlite_handle is not None:
            self.on_sqlite_handle(args[0], birth)

    def _pipe_of_popen(self, frame: FrameType, birth: Birth) -> Birth:
        """``Popen.__init__`` opens its pipes' descriptors: one resource, the subprocess."""
        code = frame.f_code
        if code.co_name != "__init__" or not code.co_filename.endswith(_SUBPROCESS_FILE):
            return birth
        process = frame.f_locals.get("self")
        known = self._popens.get(process)
        if known is not None:
            return known
        try:
            self._popens.set(process, birth)
        except TypeError:
            # No Popen, but a class without weak references in a file of that name.
            return birth
        birth.kind, birth.path = "subprocess", None
        return birth

    def _on_popen(self, _: tuple[Any, ...]) -> None:
        frame = sys._getframe(3)
        birth = Birth("subprocess", self._owners.get(), capture_stack(frame))
        # The event has no object; its caller, Popen._execute_child, has.
        process = frame.f_locals.get("self")
        if process is not None:
            birth = self._popens.get(process) or birth
            birth.ref = _weakly(process)
            self.remember(self.by_id, id(process), birth)

    def _on_mkdtemp(self, args: tuple[Any, ...]) -> None:
        birth = Birth("tempdir", self._owners.get(), capture_stack(sys._getframe(3)), args[0])
        self.remember(self.by_path, os.fsdecode(args[0]), birth)

    @staticmethod
    def remember(births: dict[Any, Birth], key: Any, birth: Birth) -> None:
        """Put a birth last; the older half goes when there are too many."""
        births.pop(key, None)
        if len(births) >= _MAX_OBJECTS:
            for old in list(births)[: _MAX_OBJECTS // 2]:
                # Another thread may be at it as well.
                births.pop(old, None)
        births[key] = birth

    def of_file(self, file: object) -> Birth | None:
        """The birth of an open file, by its descriptor, or else by its name when that is unambiguous."""
        descriptor, name = descriptor_and_name(file)
        if descriptor is not None:
            birth = self.by_descriptor.get(descriptor)
            # Another name means that another file has the descriptor now.
            if birth is not None and same_name(birth.path, name):
                # A subprocess's pipe has no path: it is named by its descriptor.
                return birth if birth.kind != "subprocess" or isinstance(name, int) else None
        return self._of_name(name) if isinstance(name, str) else None

    def _of_name(self, name: str) -> Birth | None:
        """The birth of a file that got another descriptor than was predicted.

        Another thread has opened something in between, and may have been promised the same descriptor.
        """
        birth = self.by_path.get(name)
        if birth is not None:
            return birth
        candidates = [b for b in list(self.by_descriptor.values()) if b.path == name and not b.reported]
        if len({(id(birth.owner), birth.stack) for birth in candidates}) == 1:
            return candidates[-1]
        displaced = reversed(list(self._displaced))
        return next((birth for birth in displaced if birth.path == name and not birth.reported), None)

    def of_directory(self, path: str) -> Birth | None:
        """The birth of a temporary directory."""
        return self.by_path.get(path)


def _weakly(thing: object) -> Callable[[], Any] | None:
    try:
        return weakref.ref(thing)
    except TypeError:
        return None


def _loop_being_made(frame: FrameType | None) -> object:
    """The asyncio event loop that is opening its own socket pair."""
    for _ in range(5):
        if frame is None:
            return None
        if frame.f_code.co_name == "_make_self_pipe":
            return frame.f_locals.get("self")
        frame = frame.f_back
    return None
