"""Our own faults, as they are reported to us."""

from __future__ import annotations

from typing import Final

_MAX: Final = 20


class Faults(list[str]):
    """The same error is listed once, wherever it was met."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def add(self, where: str, error: BaseException) -> None:
        text = f"{type(error).__name__}: {error}"
        if text not in self._seen and len(self) < _MAX:
            self._seen.add(text)
            self.append(f"{where}: {text}")
