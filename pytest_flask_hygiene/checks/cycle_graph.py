"""Garbage as a graph, with the edges cut that no reader can mend, and the parts that stay connected."""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from types import CellType, FrameType, TracebackType
from typing import Any, Final, Literal, NamedTuple

from ..findings import Frame
from ..heap.chain_nodes import chain_of
from ..heap.chains import Chain
from ..origin import OriginMap
from ..stacks import line_of, line_of_traceback
from ..static_attributes import address, module_file, module_of, mro_of
from .connected import strongly_connected
from .cycle_names import Kept, callee_of, describe, render_path, traceback_depth, traceback_of
from .cycle_store import line_of_store, uses

#: Objects on the way from a variable to the exception.
_MAX_PATH: Final = 8
#: The attributes of an exception that refer to earlier ones.
_EARLIER: Final = tuple(BaseException.__dict__[name].__get__ for name in ("__context__", "__cause__"))

#: Modules of bases that keep no exception.
_INNOCENT_BASES: Final = frozenset(("abc", "builtins", "flask.views", "typing"))

#: Whose frames' references count: of the application only, of test code too, or of libraries only.
ClosedBy = Literal["app", "test", "library"]


@dataclass(frozen=True)
class Cycle:
    """A cycle as text: it keeps nothing of the user's alive."""

    exception: str
    """Type and message; "a traceback" where the exception is gone."""
    variable: str
    """The local variable, or the path from it, that refers to the exception: ``self.errors[0]``."""
    frames: tuple[Frame, ...]
    """From the outermost frame of the traceback to the frame that closes the cycle, innermost last."""
    closed_by: Literal["app", "test"]
    """Test code is what counts where the application's frames alone close no cycle."""
    chain: Chain | None
    """The loop: from the exception to the frame, and by the variable back."""


class _Way(NamedTuple):
    """How a frame closes a cycle: by a local variable, from which an exception can be reached."""

    frame: FrameType
    variable: str
    """Its name, and the path from it: ``self.errors[0]``."""
    objects: list[Any]
    """From the variable's value to the exception."""


class CycleGraph:
    """The garbage as a graph.  Nodes are positions in the list."""

    def __init__(self, garbage: list[object], origin: OriginMap) -> None:
        self._garbage = garbage
        self._origin = origin
        self._position = dict(zip(map(address, garbage), range(len(garbage)), strict=True))
        self._edges: dict[ClosedBy, dict[int, list[int]]] = {"app": {}, "test": {}, "library": {}}
        self._exceptions: list[int] = []

    def clear(self) -> None:
        """Refer to none of the garbage any more."""
        self._garbage = []
        self._position.clear()
        self._edges.clear()

    def leads_to_exception(self, frames: Iterable[FrameType], exceptions: Iterable[Kept]) -> bool:
        """Whether an exception can be reached from one of the reader's frames, past no library's frame.

        Without that, no such frame is part of a cycle that holds an exception.
        """
        wanted = {self._position[address(e)] for e in exceptions if address(e) in self._position}
        pending = [self._position[address(f)] for f in frames if address(f) in self._position]
        seen = set(pending)
        while pending:
            for node in self._referents(pending.pop(), "test"):
                if node in wanted:
                    return True
                if node not in seen:
                    seen.add(node)
                    pending.append(node)
        return False

    def parts_with_exceptions(self, exceptions: Iterable[Kept], closed_by: ClosedBy) -> list[set[int]]:
        """Strongly connected parts, of more than one object, that hold an exception, or such a traceback."""
        starts = [self._position[address(e)] for e in exceptions if address(e) in self._position]
        self._exceptions = starts
        parts = strongly_connected(starts, lambda node: self._referents(node, closed_by))
        wanted = set(starts)
        return [part for part in parts if not wanted.isdisjoint(part)]

    def closed_by_libraries_too(self, part: set[int]) -> bool:
        """Whether every exception of the part is kept in or by a cycle when the reader's frames let go of it.

        Then the reader can mend nothing: Flask's own frame holds a propagated exception as well, and with it
        those during whose handling it was raised.
        """
        exceptions = [i for i in self._exceptions if i in part]
        parts = strongly_connected(exceptions, lambda node: self._referents(node, "library"))
        kept = {i for i in exceptions if any(i in other for other in parts)}
        pending = list(kept)
        while pending:
            new = self._raised_in_handling(pending.pop()) - kept
            kept |= new
            pending += new
        return kept.issuperset(exceptions)

    def _raised_in_handling(self, node: int) -> set[int]:
        """The exceptions in whose handling this one was raised: its context and its cause."""
        if not issubclass(type(self._garbage[node]), BaseException):
            return set()
        # Not by getattr(), for a class of the user's may answer as it likes.
        earlier = (get(self._garbage[node]) for get in _EARLIER)
        return {self._position[address(each)] for each in earlier if address(each) in self._position}

    def _referents(self, node: int, closed_by: ClosedBy) -> list[int]:
        """The nodes that an object refers to, by those references that count."""
        edges = self._edges[closed_by].get(node)
        if edges is None:
            edges = self._edges[closed_by][node] = self._uncut(node, closed_by)
        return edges

    def _uncut(self, node: int, closed_by: ClosedBy) -> list[int]:
        """See the docstring of ``cycles.py`` for which references are cut."""
        holder = self._garbage[node]
        cls = type(holder)
        if cls is FrameType:
            origin = self._origin(holder.f_code.co_filename)  # type: ignore[attr-defined]
            if closed_by == "library":
                if origin in ("app", "test"):
                    return []
            elif origin not in ("app", "test") or (origin == "test" and closed_by == "app"):
                return []
        elif cls is CellType or _remembers_exceptions(cls):
            return []
        if closed_by == "app" and self._defined_in_tests(cls):
            return []
        if closed_by == "library" and self._is_applications_own(cls):
            return []
        positions = []
        referents = gc.get_referents(holder)
        for position in map(self._position.get, map(address, referents)):
            if position is not None and not _is_pytests(type(self._garbage[position])):
                positions.append(position)
        referents.clear()
        return positions

    def _defined_in_tests(self, cls: type) -> bool:
        file = module_file(module_of(cls))
        return bool(file) and self._origin(file) == "test"

    def _is_applications_own(self, cls: type) -> bool:
        """Whether only the application's code can have put an exception into an instance of this class.

        Such as a view of a class, to which frames of Flask's refer.  Into a request, say, also of the
        application's own class, Flask does.
        """
        if issubclass(cls, BaseException):
            return False
        modules = {module_of(base) for base in mro_of(cls)} - _INNOCENT_BASES
        return bool(modules) and all(self._origin(module_file(module)) == "app" for module in modules)

    def explain(self, part: set[int], closed_by: Literal["app", "test"]) -> Cycle | None:
        """Name the frame and the variable that close the cycle; None if no frame of the reader's does."""
        exceptions = {node for node in self._exceptions if node in part}
        ways = [way for node in part if (way := self._way(node, part, exceptions, closed_by)) is not None]
        if not ways:
            return None
        # The shortest; of several, that of the frame that keeps it, nearest to where it was raised.
        frame, variable, objects = min(ways, key=_rank)
        ways.clear()
        frames = self._frames(objects[-1], frame, variable)
        return Cycle(
            exception=describe(objects[-1]),
            variable=variable,
            frames=frames,
            closed_by=closed_by,
            chain=self._loop(frame, objects, part, closed_by, frames[-1].line),
        )

    def _way(
        self, node: int, part: set[int], exceptions: set[int], closed_by: Literal["app", "test"]
    ) -> _Way | None:
        """The shortest way from a local variable of a frame to an exception, inside the cycle.

        None if there is none, and for what is no frame of the application's, or of the tests'.
        """
        frame = self._garbage[node]
        if type(frame) is not FrameType or self._origin(frame.f_code.co_filename) != closed_by:
            return None
        names = {address(value): name for name, value in frame.f_locals.items()}
        if closed_by == "test" and _is_pytests_idiom(frame, {address(self._garbage[i]) for i in exceptions}):
            return None
        starts = [
            value
            for value in self._referents(node, closed_by)
            if value in part and address(self._garbage[value]) in names
        ]
        seen = set(starts)
        queue: deque[tuple[int, ...]] = deque((value,) for value in starts)
        while queue:
            path = queue.popleft()
            if path[-1] in exceptions:
                objects = [self._garbage[each] for each in path]
                return _Way(frame, names[address(objects[0])] + render_path(objects), objects)
            if len(path) >= _MAX_PATH or type(self._garbage[path[-1]]) in (FrameType, TracebackType):
                continue
            for referent in self._referents(path[-1], closed_by):
                if referent in part and referent not in seen:
                    seen.add(referent)
                    queue.append((*path, referent))
        return None

    def _loop(
        self, frame: FrameType, objects: list[Any], part: set[int], closed_by: ClosedBy, line: int
    ) -> Chain | None:
        """From the exception by the shortest way to the frame, and from there by the variable back."""
        start, end = self._position[address(objects[-1])], self._position[address(frame)]
        came_from = {start: start}
        queue = deque([start])
        while queue and end not in came_from:
            node = queue.popleft()
            for referent in self._referents(node, closed_by):
                if referent in part and referent not in came_from:
                    came_from[referent] = node
                    queue.append(referent)
        way = [end]
        while way[-1] != start:
            way.append(came_from[way[-1]])
        shown = [self._garbage[node] for node in reversed(way)] + objects[:-1]
        try:
            # A frame is where the variable is stored, whatever line it was left in.
            return chain_of(shown, loop=True, lines={address(frame): line})
        except Exception:
            # A picture never costs a finding.
            return None

    def _frames(self, kept: Kept, frame: FrameType, variable: str) -> tuple[Frame, ...]:
        """The reader's frames of the traceback down to ``frame``, in the line that stores the variable."""
        frames: list[Frame] = []
        traceback = traceback_of(kept)
        while traceback is not None and traceback.tb_frame is not frame:
            code = traceback.tb_frame.f_code
            if self._origin.is_reader(code.co_filename):
                frames.append(Frame(code.co_filename, line_of_traceback(traceback), code.co_name))
            traceback = traceback.tb_next
        code = frame.f_code
        raised = line_of_traceback(traceback) if traceback is not None else 0
        stored = line_of_store(code, variable, raised, frame.f_lasti, callee_of(kept, frame))
        line = stored or raised or line_of(code, frame.f_lasti)
        return (*frames, Frame(code.co_filename, line, code.co_name))


def _rank(way: _Way) -> tuple[int, bool, int]:
    """The lower, the better does a way say who keeps the exception."""
    depth = traceback_depth(way.objects[-1], way.frame)
    if uses(way.frame.f_code, way.variable):
        return len(way.objects), False, -depth
    # A method that one of them called has kept it: most likely where it was caught.
    return len(way.objects), True, depth


def _remembers_exceptions(cls: type) -> bool:
    """Whether it is the job of a class's instances to refer to exceptions.

    Mocks remember what they were called with and what they raise, futures how they ended, and the context
    manager of ``assertRaises`` what it caught.  ``for future in futures: future.result()`` is the documented
    idiom, and builds a cycle on Python 3.10.
    """
    if module_of(cls) in ("unittest.mock", "mock.mock", "_asyncio", "unittest.case"):
        return True
    for module, name in (
        ("unittest.mock", "NonCallableMock"),
        ("concurrent.futures._base", "Future"),
        ("asyncio.futures", "Future"),
    ):
        known = getattr(sys.modules.get(module), name, None)
        if isinstance(known, type) and issubclass(cls, known):
            return True
    return False


def _is_pytests(cls: type) -> bool:
    return module_of(cls).startswith(("_pytest.", "pluggy."))


def _is_pytests_idiom(frame: FrameType, exceptions: set[int]) -> bool:
    """``with pytest.raises(...) as info: ...; error = info.value`` always builds a cycle in the test."""
    for value in frame.f_locals.values():
        if type(value).__name__ == "ExceptionInfo" and _is_pytests(type(value)):
            info = getattr(value, "_excinfo", None)
            if info is not None and address(info[1]) in exceptions:
                return True
    return False
