"""Which exception cycles there are in garbage that holds an exception and a frame, and who closes them.

Loaded with the first such garbage.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from types import CodeType, FrameType, TracebackType
from typing import Final, Literal

from ..installed import short_path
from ..origin import OriginMap
from ..static_attributes import address
from .cycle_graph import Cycle, CycleGraph
from .cycle_names import without_exception

#: Combinations of frames whose edge is remembered.
_MAX_EDGES: Final = 1_000
#: References of one object that are looked at.
_MAX_REFERENTS: Final = 50


@dataclass
class Judgement:
    """What one collection's garbage says.  Holds none of it."""

    cycles: list[Cycle]
    """Those that the reader's code closes."""
    library_edge: str = ""
    """Else the library variable that closes one: ``flask/app.py wsgi_app.error``; empty if none does."""


class CycleJudge:
    """Judges one garbage after the other, by the rules in the docstring of ``cycles.py``."""

    def __init__(self, origin: OriginMap) -> None:
        self._origin = origin
        self._library_edges: dict[tuple[CodeType, ...], str] = {}

    def judge(
        self,
        garbage: list[object],
        exceptions: list[BaseException],
        tracebacks: list[TracebackType],
        frames: list[FrameType],
    ) -> Judgement:
        """``exceptions``, ``tracebacks`` and ``frames``: those of the garbage."""
        cycles: list[Cycle] = []
        alone = without_exception(tracebacks, exceptions)
        readers = [frame for frame in frames if self._origin.is_reader(frame.f_code.co_filename)]
        if readers:
            graph = CycleGraph(garbage, self._origin)
            try:
                # Mostly a library closes the cycle, and the reader's frames are only part of the traceback.
                if graph.leads_to_exception(readers, [*exceptions, *alone]):
                    cycles = _readers_cycles(graph, exceptions, alone)
            finally:
                graph.clear()
                readers.clear()
                alone.clear()
        return Judgement(cycles, "" if cycles else self._edge_of(frames, exceptions))

    def _edge_of(self, frames: list[FrameType], exceptions: list[BaseException]) -> str:
        """The first library variable that refers to an exception; looked up once for the same frames."""
        library = [f for f in frames if self._origin(f.f_code.co_filename) in ("library", "stdlib")]
        # The garbage comes in an order that depends on when Python collects.
        library.sort(key=lambda frame: (frame.f_code.co_filename, frame.f_code.co_firstlineno))
        key = tuple(frame.f_code for frame in library)
        edge = self._library_edges.get(key)
        if edge is None:
            wanted = set(map(address, exceptions))
            if len(self._library_edges) >= _MAX_EDGES:
                self._library_edges.clear()
            edge = self._library_edges[key] = _first_edge(library, wanted)
        library.clear()
        return edge


def _readers_cycles(
    graph: CycleGraph, exceptions: list[BaseException], alone: list[TracebackType]
) -> list[Cycle]:
    """The application's cycles, and those of test code that are no part of them.

    ``alone``: tracebacks whose exceptions are gone.  What also keeps an exception is told of that.
    """
    cycles = []
    judged: set[int] = set()
    sides: tuple[Literal["app", "test"], ...] = ("app", "test")
    for kept in (exceptions, alone):
        for closed_by in sides if kept else ():
            for part in graph.parts_with_exceptions(kept, closed_by):
                if not judged.isdisjoint(part) or graph.closed_by_libraries_too(part):
                    continue
                cycle = graph.explain(part, closed_by)
                if cycle is not None:
                    judged |= part
                    cycles.append(cycle)
    return cycles


def _first_edge(frames: list[FrameType], wanted: set[int]) -> str:
    """``flask/app.py wsgi_app.error``; ``wanted``: the addresses of the exceptions."""
    for frame in frames:
        for name, value in frame.f_locals.items():
            if address(value) in wanted or _holds(value, wanted):
                code = frame.f_code
                return f"{short_path(code.co_filename)} {code.co_name}.{name}"
    return ""


def _holds(value: object, wanted: set[int]) -> bool:
    """Whether an attribute or an item is wanted: ``request.routing_exception``, ``exc_info[1]``."""
    if type(value) in (int, str, bytes, float, bool, type(None), CodeType, FrameType, TracebackType):
        return False
    return any(
        address(x) in wanted or (type(x) is dict and not wanted.isdisjoint(map(address, x.values())))
        for x in gc.get_referents(value)[:_MAX_REFERENTS]
    )
