"""Which exception cycles there are in garbage that holds an exception and a frame, and who closes them.

Loaded with the first such garbage.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from types import CodeType, FrameType, TracebackType

from ..installed import short_path
from ..origin import OriginMap
from ..static_attributes import address
from .cycle_graph import Cycle, CycleGraph


@dataclass
class Judgement:
    cycles: list[Cycle]
    library_edge: str = ""
    """The library variable that closes the cycle, where no reader does: ``flask/app.py wsgi_app.error``."""


class CycleJudge:
    def __init__(self, origin: OriginMap) -> None:
        self._origin = origin
        self._library_edges: dict[tuple[CodeType, ...], str] = {}

    def judge(
        self, garbage: list[object], exceptions: list[BaseException], frames: list[FrameType]
    ) -> Judgement:
        judgement = Judgement([])
        readers = [frame for frame in frames if self._origin.is_reader(frame.f_code.co_filename)]
        if readers:
            graph = CycleGraph(garbage, self._origin)
            try:
                judged: set[int] = set()
                # Mostly a library closes the cycle, and the reader's frames are only part of the traceback.
                closed = graph.leads_to_exception(readers, exceptions)
                for closed_by in ("app", "test") if closed else ():
                    for part in graph.parts_with_exceptions(exceptions, closed_by):
                        if judged.isdisjoint(part) and not graph.closed_by_libraries_too(part):
                            cycle = graph.explain(part, closed_by)
                            if cycle is not None:
                                judged |= part
                                judgement.cycles.append(cycle)
            finally:
                graph.clear()
                readers.clear()
            if judgement.cycles:
                return judgement
        judgement.library_edge = self._edge_of(frames, exceptions)
        return judgement

    def _edge_of(self, frames: list[FrameType], exceptions: list[BaseException]) -> str:
        """The first library variable that refers to an exception.  The same frames mean the same one."""
        library = [f for f in frames if self._origin(f.f_code.co_filename) in ("library", "stdlib")]
        # The garbage comes in an order that depends on when Python collects.
        library.sort(key=lambda frame: (frame.f_code.co_filename, frame.f_code.co_firstlineno))
        key = tuple(frame.f_code for frame in library)
        edge = self._library_edges.get(key)
        if edge is None:
            wanted = set(map(address, exceptions))
            if len(self._library_edges) > 1_000:
                self._library_edges.clear()
            edge = self._library_edges[key] = _first_edge(library, wanted)
        library.clear()
        return edge


def _first_edge(frames: list[FrameType], wanted: set[int]) -> str:
    for frame in frames:
        for name, value in frame.f_locals.items():
            if address(value) in wanted or _holds(value, wanted):
                code = frame.f_code
                return f"{short_path(code.co_filename)} {code.co_name}.{name}"
    return ""


def _holds(value: object, wanted: set[int]) -> bool:
    """An attribute (``request.routing_exception``) or an item (``exc_info[1]``) of a local variable."""
    if type(value) in (int, str, bytes, float, bool, type(None), CodeType, FrameType, TracebackType):
        return False
    return any(
        address(x) in wanted or (type(x) is dict and not wanted.isdisjoint(map(address, x.values())))
        for x in gc.get_referents(value)[:50]
    )
