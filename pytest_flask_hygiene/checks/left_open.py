"""What is still open after its owner has ended, although somebody refers to it.

Looked for among what the owner has opened, never by scanning the world: only where a birth seems to be open
still are its objects searched for on the heap.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator
from types import MethodType
from typing import Any

from .. import own_modules
from ..birth import Birth
from ..births import BirthRecorder
from ..files import has_name, is_closed, is_open_descriptor, name_of, same_name
from ..findings import Owner
from ..stacks import importing_module
from ..threads import ThreadRecorder

#: A resource and the object that is open; None for a raw descriptor or the directory of ``mkdtemp()``.
LeftOpen = tuple[Birth, Any]


class LeftOpenCheck:
    """Finds what owners have opened and not closed."""

    def __init__(
        self, births: BirthRecorder, threads: ThreadRecorder, is_temporary_anyway: Callable[[str], bool]
    ) -> None:
        """``is_temporary_anyway`` tells of a directory whether pytest removes it (``tmp_path``)."""
        self._births = births
        self._threads = threads
        self._is_temporary_anyway = is_temporary_anyway

    def may_have(self, owners: Collection[Owner]) -> bool:
        """Whether one of these owners seems to have something open; cheap, and seldom wrong."""
        opened = [owner for owner in owners if owner.opened]
        return bool(opened) and (
            any(True for _ in self._descriptors(opened))
            or any(True for _ in self._directories(opened))
            or self._may_have_objects(opened)
            or bool(self._threads.alive(opened))
        )

    def _may_have_objects(self, owners: Collection[Owner]) -> bool:
        births = self._births.by_id
        for key, birth in births.copy().items():
            if _is_of(birth, owners):
                thing = None if birth.ref is None else birth.ref()
                if birth.ref is None or (thing is not None and is_open_object(birth, thing)):
                    return True
                if thing is None or not self._threads.run_for(owners):
                    forget(births, key, birth)
        return False

    def find(self, owners: Collection[Owner] | None) -> list[LeftOpen]:
        """What these owners (None: all) have open, except threads; each birth once.

        What was opened by an import belongs to the import, and is found only if ``owners`` is None.
        """
        found: dict[int, LeftOpen] = {}
        for birth, thing in (*self._files(owners), *self._objects(owners), *self._directories(owners)):
            if owners is None or not importing_module(birth.stack):
                found.setdefault(id(birth), (birth, thing))
        return list(found.values())

    def forget_closed(self, owners: Collection[Owner]) -> None:
        """Forget the births of what these owners have closed."""
        births = self._births
        if self._threads.run_for(owners):
            # What one of their threads is about to open is not open yet, and its birth is on record.
            return
        # The iterator drops those that are closed.
        list(self._descriptors(owners))
        for key, birth in births.by_id.copy().items():
            if birth.owner in owners and birth.ref is not None:
                thing = birth.ref()
                if thing is None or not is_open_object(birth, thing):
                    forget(births.by_id, key, birth)
        for path, birth in births.by_path.copy().items():
            if birth.kind == "tempdir" and birth.owner in owners and not os.path.isdir(path):
                forget(births.by_path, path, birth)

    def _descriptors(self, owners: Collection[Owner] | None) -> Iterator[tuple[int, Birth]]:
        """Descriptors opened by these owners that are in use, perhaps by others now."""
        by_descriptor = self._births.by_descriptor
        for descriptor, birth in by_descriptor.copy().items():
            if _is_of(birth, owners):
                if is_open_descriptor(descriptor):
                    yield descriptor, birth
                elif not self._threads.run_for(owners):
                    forget(by_descriptor, descriptor, birth)

    def _files(self, owners: Collection[Owner] | None) -> Iterator[LeftOpen]:
        descriptors = dict(self._descriptors(owners))
        names = {path: birth for path, birth in self._births.by_path.copy().items() if birth.kind == "file"}
        if not descriptors and not any(_is_of(birth, owners) for birth in names.values()):
            return
        with own_modules():
            from ..heap.objects import instances_of
        for raw in instances_of(io.FileIO):
            if is_closed(raw) or not io.FileIO.closefd.__get__(raw):
                continue
            descriptor, name = io.FileIO.fileno(raw), name_of(raw)
            birth = descriptors.get(descriptor)
            if birth is not None and not has_name(raw) and not still_refers_to(descriptor, birth.path):
                # Another thread is in the middle of opening it, under a number that was another file's.
                continue
            if birth is not None and same_name(birth.path, name):
                del descriptors[descriptor]
                yield birth, raw
            elif isinstance(name, str) and _is_of(names.get(name), owners):
                yield names[name], raw
        for descriptor, birth in descriptors.items():
            if birth.raw and _is_of(birth, owners) and still_refers_to(descriptor, birth.path):
                yield birth, None

    def _objects(self, owners: Collection[Owner] | None) -> Iterator[LeftOpen]:
        connections: dict[int, Birth] = {}
        for key, birth in self._births.by_id.copy().items():
            if not _is_of(birth, owners):
                continue
            if birth.ref is not None:
                thing = birth.ref()
                if thing is not None and is_open_object(birth, thing):
                    yield birth, thing
            elif birth.kind == "sqlite":
                connections[key] = birth
        if not connections:
            return
        import sqlite3

        with own_modules():
            from ..heap.objects import objects_by_id
            from .sqlite import is_open as is_open_connection
        still_open = set()
        for thing in objects_by_id(connections):
            if issubclass(type(thing), sqlite3.Connection) and is_open_connection(thing):
                still_open.add(id(thing))
                yield connections[id(thing)], thing
        for key in connections.keys() - still_open:
            forget(self._births.by_id, key, connections[key])

    def _directories(self, owners: Collection[Owner] | None) -> Iterator[LeftOpen]:
        for path, birth in self._births.by_path.copy().items():
            if birth.kind == "tempdir" and _is_of(birth, owners) and os.path.isdir(path):
                finalizer = _finalizer_of(path)
                is_users = finalizer is not None and not _is_of_temporary_directory(finalizer)
                if is_users or self._is_temporary_anyway(path):
                    forget(self._births.by_path, path, birth)
                else:
                    yield birth, None if finalizer is None else finalizer.weakref()


def _is_of(birth: Birth | None, owners: Collection[Owner] | None) -> bool:
    """Whether a birth is one of these owners' (None: all), and may be of something left open."""
    return (
        birth is not None
        and not birth.reported
        and birth.served in ("", "replaced")
        and (owners is None or birth.owner in owners)
    )


def forget(births: dict[Any, Birth], key: Any, birth: Birth) -> None:
    """Forget a birth, unless another thread has entered a new one under its key meanwhile."""
    if births.get(key) is birth:
        births.pop(key, None)


def is_open_object(birth: Birth, thing: Any) -> bool:
    """Whether a socket, a subprocess or an event loop is open, without calling anything of the user's."""
    answer = birth.is_open(thing)
    if answer is not None:
        return answer
    modules = sys.modules
    cls = type(thing)
    socket = modules.get("socket")
    if socket is not None and issubclass(cls, socket.socket):
        return bool(socket.socket.fileno(thing) != -1)
    subprocess = modules.get("subprocess")
    if subprocess is not None and issubclass(cls, subprocess.Popen):
        # Not poll(), which would take the exit status away from whoever waits for it.
        attributes = vars(thing)
        return attributes.get("returncode") is None and _is_child(attributes.get("pid"))
    loops = modules.get("asyncio.base_events")
    if loops is not None and issubclass(cls, loops.BaseEventLoop):
        return not vars(thing).get("_closed", True)
    return False


def still_refers_to(descriptor: int, path: object) -> bool:
    """Whether a descriptor without a file object (``os.open``, a mapping) is the one that was opened."""
    if not isinstance(path, str) or sys.platform != "linux":
        return False
    try:
        target = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return False
    return os.path.basename(target.removesuffix(" (deleted)")) == os.path.basename(os.path.realpath(path))


def _is_child(pid: object) -> bool:
    """Whether nobody has waited for a child process: its ``Popen`` does not know of an ``os.waitpid()``."""
    if not isinstance(pid, int) or not hasattr(os, "waitid"):
        return isinstance(pid, int)
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _finalizer_of(path: str) -> Any:
    """What ``weakref.finalize`` knows of the one that will remove a directory: its function, whose it is."""
    registry: dict[Any, Any] = vars(weakref.finalize).get("_registry", {})
    for entry in list(registry.values()):
        if path in [arg for arg in getattr(entry, "args", ()) if type(arg) is str]:
            return entry
    return None


def _is_of_temporary_directory(finalizer: Any) -> bool:
    """Which removes the directory with a warning, when it is dropped or at the end of the process."""
    function = finalizer.func
    # Not an object of the user's, which may answer as it likes.
    owner: Any = function.__self__ if type(function) is MethodType else None
    return issubclass(type(owner), type) and issubclass(owner, tempfile.TemporaryDirectory)
