"""Exception/traceback cycles: who closes them?

Each handled error may leave a cycle of exception, traceback and frame that only the collector frees
(pallets/flask#5709).  Frameworks make most of them.  What counts is which *edge* closes the cycle: with the
edges cut that leave library frames, mocks, closure cells and test code, a strongly connected part that still
holds an exception was closed by the reader's application code.  The same with a traceback whose exception is
gone.
"""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from .. import own_modules

if TYPE_CHECKING:
    from ..origin import OriginMap
    from .cycle_judge import CycleJudge, Judgement


class CycleCheck:
    """Looks for exceptions and tracebacks in garbage.

    The rest is loaded when there is one, with a frame beside it.
    """

    def __init__(self, origin: OriginMap) -> None:
        self._origin = origin
        self._judge: CycleJudge | None = None

    def stop(self) -> None:
        self._judge = None

    def judge(self, garbage: list[object]) -> Judgement | None:
        """What the garbage of one collection says; None when there is no exception or traceback in it."""
        exceptions: list[BaseException] = []
        tracebacks: list[TracebackType] = []
        frames: list[FrameType] = []
        # type(), never isinstance(): dead proxies raise, mocks fake their class.
        for candidate in garbage:
            cls = type(candidate)
            # No cache by class: a metaclass may have no hash.
            if issubclass(cls, BaseException):
                exceptions.append(candidate)  # type: ignore[arg-type]
            elif cls is FrameType:
                frames.append(candidate)  # type: ignore[arg-type]
            elif cls is TracebackType:
                tracebacks.append(candidate)  # type: ignore[arg-type]
        candidate = None
        if not frames or not (exceptions or tracebacks):
            return None
        try:
            if self._judge is None:
                with own_modules():
                    from .cycle_judge import CycleJudge
                self._judge = CycleJudge(self._origin)
            return self._judge.judge(garbage, exceptions, tracebacks, frames)
        finally:
            exceptions.clear()
            tracebacks.clear()
            frames.clear()
