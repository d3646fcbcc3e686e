"""Exception/traceback cycles: who closes them?

Each handled error may leave a cycle of exception, traceback and frame that only the collector frees
(pallets/flask#5709).  Frameworks make most of them.  What counts is which *edge* closes the cycle: with the
edges cut that leave library frames, mocks, closure cells and test code, a strongly connected part that still
holds an exception was closed by the reader's application code.
"""

from __future__ import annotations

import dis
import gc
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import CellType, CodeType, FrameType, TracebackType
from typing import Any, Final, Literal

from ..findings import Frame
from ..origin import Origin, OriginMap, line_of, short_path

_MAX_TEXT: Final = 120
_MAX_PATH: Final = 8
_Edges = dict[int, list[int]]


@dataclass(frozen=True)
class Cycle:
    """A cycle as text: it keeps nothing of the user's alive."""

    exception: str
    """Type and message."""
    variable: str
    """The local variable, or the path from it, that refers to the exception: ``error``, ``self.errors[0]``."""
    frames: tuple[Frame, ...]
    """From the outermost frame of the traceback to the frame that closes the cycle, innermost last."""
    closed_by: Literal["app", "test"]


@dataclass
class Judgement:
    cycles: list[Cycle]
    library_edges: dict[str, int]
    """``flask/app.py wsgi_app.error``: how many cycles that library variable closed."""


class CycleCheck:
    def __init__(self, origin: OriginMap) -> None:
        self._origin = origin
        self._is_exception: dict[type, bool] = {}
        self._library_edges: dict[tuple[CodeType, ...], tuple[str, ...]] = {}

    def stop(self) -> None:
        self._is_exception.clear()
        self._library_edges.clear()

    def judge(self, garbage: list[object]) -> Judgement | None:
        """What the garbage of one collection says; None when there is no exception in it."""
        exceptions: list[BaseException] = []
        frames: list[FrameType] = []
        known = self._is_exception
        # type(), never isinstance(): dead proxies raise, mocks fake their class.
        for candidate in garbage:
            cls = type(candidate)
            is_exception = known.get(cls)
            if is_exception is None:
                is_exception = known[cls] = issubclass(cls, BaseException)
                if len(known) > 5_000:
                    known.clear()
            if is_exception:
                exceptions.append(candidate)  # type: ignore[arg-type]
            elif cls is FrameType:
                frames.append(candidate)  # type: ignore[arg-type]
        candidate = None
        if not exceptions or not frames:
            return None
        try:
            return self._judge(garbage, exceptions, frames)
        finally:
            exceptions.clear()
            frames.clear()

    def _judge(
        self, garbage: list[object], exceptions: list[BaseException], frames: list[FrameType]
    ) -> Judgement:
        judgement = Judgement([], {})
        if any(self._origin.is_reader(frame.f_code.co_filename) for frame in frames):
            graph = _Graph(garbage, self._origin)
            try:
                judged: set[int] = set()
                for closed_by in ("app", "test"):
                    for part in graph.parts_with_exceptions(exceptions, closed_by):
                        if judged.isdisjoint(part):
                            cycle = graph.explain(part, closed_by)  # type: ignore[arg-type]
                            if cycle is not None:
                                judged |= part
                                judgement.cycles.append(cycle)
            finally:
                graph.clear()
            if judgement.cycles:
                return judgement
        for edge in self._edges_of(frames, exceptions):
            judgement.library_edges[edge] = judgement.library_edges.get(edge, 0) + 1
        return judgement

    def _edges_of(self, frames: list[FrameType], exceptions: list[BaseException]) -> tuple[str, ...]:
        """The library variables that refer to the exceptions.  The same frames mean the same edges."""
        library = [f for f in frames if self._origin(f.f_code.co_filename) in ("library", "stdlib")]
        key = tuple(frame.f_code for frame in library)
        edges = self._library_edges.get(key)
        if edges is None:
            wanted = {id(e) for e in exceptions}
            found: dict[str, None] = {}
            for frame in library:
                for name, value in frame.f_locals.items():
                    if id(value) in wanted or _holds(value, wanted):
                        code = frame.f_code
                        found[f"{short_path(code.co_filename)} {code.co_name}.{name}"] = None
            edges = self._library_edges[key] = tuple(found)
            if len(self._library_edges) > 1_000:
                self._library_edges.clear()
        library.clear()
        return edges


def _holds(value: object, wanted: set[int]) -> bool:
    """An attribute (``request.routing_exception``) or an item (``exc_info[1]``) of a local variable."""
    if type(value) in (int, str, bytes, float, bool, type(None), CodeType, FrameType, TracebackType):
        return False
    return any(
        id(x) in wanted or (type(x) is dict and any(id(v) in wanted for v in x.values()))
        for x in gc.get_referents(value)[:50]
    )


class _Graph:
    """The garbage as a graph.  Nodes are positions in the list."""

    def __init__(self, garbage: list[object], origin: OriginMap) -> None:
        self._garbage = garbage
        self._origin = origin
        self._position = {id(o): i for i, o in enumerate(garbage)}
        self._edges: dict[str, _Edges] = {"app": {}, "test": {}}
        self._exceptions: list[int] = []

    def clear(self) -> None:
        self._garbage = []
        self._position.clear()
        self._edges.clear()

    def parts_with_exceptions(self, exceptions: Iterable[BaseException], closed_by: str) -> list[set[int]]:
        """Strongly connected parts, of more than one object, that hold an exception."""
        starts = [self._position[id(e)] for e in exceptions if id(e) in self._position]
        self._exceptions = starts
        parts = strongly_connected(starts, lambda node: self._referents(node, closed_by))
        wanted = set(starts)
        return [part for part in parts if not wanted.isdisjoint(part)]

    def _referents(self, node: int, closed_by: str) -> list[int]:
        edges = self._edges[closed_by].get(node)
        if edges is None:
            edges = self._edges[closed_by][node] = self._uncut(node, closed_by)
        return edges

    def _uncut(self, node: int, closed_by: str) -> list[int]:
        holder = self._garbage[node]
        cls = type(holder)
        if cls is FrameType:
            origin = self._origin(holder.f_code.co_filename)  # type: ignore[attr-defined]
            if origin not in ("app", "test") or (origin == "test" and closed_by == "app"):
                return []
        elif cls is CellType or _remembers_exceptions(cls):
            return []
        elif closed_by == "app" and self._defined_in_tests(cls):
            return []
        positions = []
        for referent in gc.get_referents(holder):
            position = self._position.get(id(referent))
            if position is not None and not _is_pytests(type(referent)):
                positions.append(position)
        return positions

    def _defined_in_tests(self, cls: type) -> bool:
        module = sys.modules.get(cls.__module__) if isinstance(cls.__module__, str) else None
        file = getattr(module, "__file__", None)
        return isinstance(file, str) and self._origin(file) == "test"

    def explain(self, part: set[int], closed_by: Literal["app", "test"]) -> Cycle | None:
        """Name the frame and the variable that close the cycle; None if no frame of the reader's does."""
        wanted: Origin = closed_by
        best: tuple[int, int, FrameType, str, BaseException] | None = None
        exceptions = [i for i in self._exceptions if i in part]
        try:
            for node in part:
                frame = self._garbage[node]
                if type(frame) is not FrameType or self._origin(frame.f_code.co_filename) != wanted:
                    continue
                found = self._variable(frame, part, exceptions, closed_by)
                if found is not None:
                    length, variable, exception = found
                    depth = _traceback_depth(exception, frame)
                    if best is None or (length, -depth) < (best[0], -best[1]):
                        best = (length, depth, frame, variable, exception)
                    del exception
                found = None
                del frame
            if best is None:
                return None
            _, _, frame, variable, exception = best
            return Cycle(
                exception=describe(exception),
                variable=variable,
                frames=self._frames(exception, frame, variable),
                closed_by=closed_by,
            )
        finally:
            best = None
            frame = exception = None  # type: ignore[assignment]

    def _variable(
        self, frame: FrameType, part: set[int], exceptions: list[int], closed_by: str
    ) -> tuple[int, str, BaseException] | None:
        """The shortest way from a local variable to an exception, inside the cycle."""
        wanted = set(exceptions)
        names = {id(value): name for name, value in frame.f_locals.items()}
        if closed_by == "test" and _is_pytests_idiom(frame, {id(self._garbage[i]) for i in exceptions}):
            return None
        queue: list[tuple[int, tuple[int, ...]]] = [
            (node, (node,))
            for node in self._referents(self._position[id(frame)], closed_by)
            if node in part and id(self._garbage[node]) in names
        ]
        seen = {node for node, _ in queue}
        while queue:
            node, path = queue.pop(0)
            if node in wanted:
                objects = [self._garbage[i] for i in path]
                text = names[id(objects[0])] + _render_path(objects)
                exception: Any = objects[-1]
                objects.clear()
                return len(path), text, exception
            holder = type(self._garbage[node])
            if len(path) >= _MAX_PATH or holder in (FrameType, TracebackType):
                continue
            for referent in self._referents(node, closed_by):
                if referent in part and referent not in seen:
                    seen.add(referent)
                    queue.append((referent, (*path, referent)))
        return None

    def _frames(self, exception: BaseException, frame: FrameType, variable: str) -> tuple[Frame, ...]:
        frames: list[Frame] = []
        traceback = exception.__traceback__
        while traceback is not None:
            current = traceback.tb_frame
            if current is frame:
                break
            if self._origin.is_reader(current.f_code.co_filename):
                code = current.f_code
                frames.append(Frame(code.co_filename, traceback.tb_lineno, code.co_name))
            traceback = traceback.tb_next
        line = _line_of_store(frame.f_code, variable)
        if not line and traceback is not None:
            line = traceback.tb_lineno
        code = frame.f_code
        frames.append(Frame(code.co_filename, line or line_of(code, frame.f_lasti), code.co_name))
        return tuple(frames)


def strongly_connected(starts: Iterable[int], referents: Callable[[int], list[int]]) -> list[set[int]]:
    """Tarjan's algorithm, without recursion: the parts of more than one node, or with an edge to itself."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    on_stack: set[int] = set()
    stack: list[int] = []
    parts: list[set[int]] = []
    for start in starts:
        if start in index:
            continue
        work = [(start, iter(referents(start)))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, edges = work[-1]
            for target in edges:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(referents(target))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part: set[int] = set()
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        part.add(member)
                        if member == node:
                            break
                    if len(part) > 1 or node in referents(node):
                        parts.append(part)
    return parts


def _remembers_exceptions(cls: type) -> bool:
    """Mocks remember what they were called with and what they raise, futures how they ended: their job.

    ``for future in futures: future.result()`` is the documented idiom, and builds a cycle on 3.10.
    """
    if cls.__module__ in ("unittest.mock", "mock.mock", "_asyncio"):
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
    module = cls.__module__
    return isinstance(module, str) and module.startswith(("_pytest.", "pluggy."))


def _is_pytests_idiom(frame: FrameType, exceptions: set[int]) -> bool:
    """``with pytest.raises(...) as info: ...; error = info.value`` always builds a cycle in the test."""
    for value in frame.f_locals.values():
        if type(value).__name__ == "ExceptionInfo" and _is_pytests(type(value)):
            info = getattr(value, "_excinfo", None)
            if info is not None and id(info[1]) in exceptions:
                return True
    return False


def _render_path(objects: list[Any]) -> str:
    """How the last object is reached from the first: ``.errors[0]``."""
    text = ""
    for position in range(len(objects) - 1):
        holder, target = objects[position], objects[position + 1]
        if type(holder) is dict:
            name = next((k for k, v in holder.items() if v is target), None)
            owner = objects[position - 1] if position else None
            if owner is not None and isinstance(name, str) and not isinstance(owner, (dict, list, tuple)):
                text += f".{name}"
            else:
                text += f"[{name!r:.40}]" if isinstance(name, (str, int)) else "[...]"
        elif isinstance(holder, (list, tuple)):
            number = next((i for i, v in enumerate(holder) if v is target), None)
            text += "[...]" if number is None else f"[{number}]"
        elif type(target) is dict and position + 2 < len(objects):
            continue  # the instance's __dict__: the name comes with the next step
        else:
            name = _attribute_name(holder, target)
            text += f".{name}" if name else ""
    return text


def _attribute_name(holder: Any, target: Any) -> str:
    if isinstance(holder, BaseException):
        for name in ("__cause__", "__context__", "__traceback__"):
            if getattr(holder, name) is target:
                return name
    try:
        attributes = object.__getattribute__(holder, "__dict__")
    except AttributeError:
        attributes = {}
    return next((str(k) for k, v in attributes.items() if v is target), "")


def _traceback_depth(exception: BaseException, frame: FrameType) -> int:
    depth, traceback = 0, exception.__traceback__
    while traceback is not None and depth < 1_000:
        if traceback.tb_frame is frame:
            return depth
        depth, traceback = depth + 1, traceback.tb_next
    return -1


def _line_of_store(code: CodeType, variable: str) -> int:
    """The line that stores the exception: ``error = e``, ``self.error = e``, ``errors.append(e)``."""
    name, _, rest = variable.partition(".")
    attribute = rest.split("[")[0].split(".")[-1] if rest else ""
    plain = name.partition("[")[0]
    line = found = 0
    cleared = False
    for instruction in dis.get_instructions(code):
        if instruction.starts_line:
            current = instruction.starts_line
            line = current if type(current) is int else (getattr(instruction, "line_number", None) or line)
        if attribute and instruction.opname == "STORE_ATTR" and instruction.argval == attribute:
            found = line
        elif not attribute and instruction.opname.startswith("STORE_") and _names(instruction.argval, plain):
            # "except E as error:" ends by storing None.
            if not cleared and not found:
                found = line
        cleared = instruction.opname == "LOAD_CONST" and instruction.argval is None
    return found


def _names(argument: object, name: str) -> bool:
    """Python 3.13 stores two variables with one instruction."""
    return argument == name or (isinstance(argument, tuple) and name in argument)


def describe(exception: BaseException) -> str:
    """Type and message; a hostile ``__str__`` costs only the message."""
    name = type(exception).__name__
    try:
        text = str(exception).partition("\n")[0]
    except Exception:
        text = ""
    text = text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 3] + "..."
    return f"{name}: {text}" if text else name
