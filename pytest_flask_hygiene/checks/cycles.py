"""Exception/traceback cycles: who closes them?

Each handled error may leave a cycle of exception, traceback and frame that only the collector frees
(pallets/flask#5709).  Frameworks make most of them.  What counts is which *edge* closes the cycle: with the
edges cut that leave library frames, mocks, closure cells and test code, a strongly connected part that still
holds an exception was closed by the reader's application code.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from types import CodeType, FrameType, TracebackType

from ..origin import OriginMap, short_path
from .cycle_graph import Cycle, CycleGraph


@dataclass
class Judgement:
    cycles: list[Cycle]
    library_edge: str = ""
    """The library variable that closes the cycle, where no reader does: ``flask/app.py wsgi_app.error``."""


class CycleCheck:
    def __init__(self, origin: OriginMap) -> None:
        self._origin = origin
        self._library_edges: dict[tuple[CodeType, ...], str] = {}

    def stop(self) -> None:
        self._library_edges.clear()

    def judge(self, garbage: list[object]) -> Judgement | None:
        """What the garbage of one collection says; None when there is no exception in it."""
        exceptions: list[BaseException] = []
        frames: list[FrameType] = []
        # type(), never isinstance(): dead proxies raise, mocks fake their class.
        for candidate in garbage:
            cls = type(candidate)
            # No cache by class: a metaclass may have no hash.
            if issubclass(cls, BaseException):
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
        judgement = Judgement([])
        if any(self._origin.is_reader(frame.f_code.co_filename) for frame in frames):
            graph = CycleGraph(garbage, self._origin)
            try:
                judged: set[int] = set()
                for closed_by in ("app", "test"):
                    for part in graph.parts_with_exceptions(exceptions, closed_by):
                        if judged.isdisjoint(part) and not graph.closed_by_libraries_too(part):
                            cycle = graph.explain(part, closed_by)
                            if cycle is not None:
                                judged |= part
                                judgement.cycles.append(cycle)
            finally:
                graph.clear()
            if judgement.cycles:
                return judgement
        judgement.library_edge = self._edge_of(frames, exceptions)
        return judgement

    def _edge_of(self, frames: list[FrameType], exceptions: list[BaseException]) -> str:
        """The first library variable that refers to an exception.  The same frames mean the same one."""
        library = [f for f in frames if self._origin(f.f_code.co_filename) in ("library", "stdlib")]
        key = tuple(frame.f_code for frame in library)
        edge = self._library_edges.get(key)
        if edge is None:
            wanted = {id(e) for e in exceptions}
            if len(self._library_edges) > 1_000:
                self._library_edges.clear()
            edge = self._library_edges[key] = _first_edge(library, wanted)
        library.clear()
        return edge


def _first_edge(frames: list[FrameType], wanted: set[int]) -> str:
    for frame in frames:
        for name, value in frame.f_locals.items():
            if id(value) in wanted or _holds(value, wanted):
                code = frame.f_code
                return f"{short_path(code.co_filename)} {code.co_name}.{name}"
    return ""


def _holds(value: object, wanted: set[int]) -> bool:
    """An attribute (``request.routing_exception``) or an item (``exc_info[1]``) of a local variable."""
    if type(value) in (int, str, bytes, float, bool, type(None), CodeType, FrameType, TracebackType):
        return False
    return any(
        id(x) in wanted or (type(x) is dict and any(id(v) in wanted for v in x.values()))
        for x in gc.get_referents(value)[:50]
    )
