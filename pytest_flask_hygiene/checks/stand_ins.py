"""What stands for a check that there is no use for, so that it need not be loaded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..birth import Birth
    from ..findings import Owner

#: Python 3.13 and later warn of dropped connections by themselves (CPython gh-105539).
SQLITE_NEEDED: Final = sys.version_info < (3, 13)


class NoContexts:
    """Until the suite imports ``flask.ctx``."""

    any_pushed: Final = False
    pushes_so_far: Final = 0

    def stop(self) -> None:
        """Nothing to undo."""

    def top(self) -> tuple[tuple[Any, int], ...]:
        return ()

    def has_pushed(self, _: Owner) -> bool:
        return False

    def pushes(self) -> Iterator[tuple[int, Birth, Any]]:
        return iter(())

    def expect_push_of(self, environ: object) -> None:
        """It is not Flask that is called."""

    def leaked(self, *_: object) -> list[tuple[Birth, Any]]:
        return []

    def pop(self, push: Any) -> None:
        """There is none."""


class NoResponses:
    """Until the suite imports ``werkzeug.test``."""

    holds_contexts: Final = False

    def stop(self) -> None:
        """Nothing to undo."""

    def holds(self, *_: object) -> bool:
        return False

    def close_owned_by(self, owner: Owner) -> None:
        """There is none."""

    def close_context_holders(self) -> None:
        """There is none."""

    def close_all(self) -> None:
        """There is none."""


class NoSqlite:
    """Where Python warns by itself."""

    needs_sweep: Final = False

    def stop(self) -> None:
        """Nothing to undo."""

    def connected(self, connection: Any, birth: Birth) -> None:
        """It is of no interest."""

    def release_dropped(self) -> None:
        """None is held."""

    def forget_closed(self) -> None:
        """None is known."""

    def prepare(self) -> None:
        """None is held."""

    def judge(self, garbage: list[object]) -> None:
        """Python has warned."""

    def before_collection(self, generation: int) -> None:
        """Python will warn."""

    def after_collection(self, saved: list[object] | None, survivors_of: int) -> None:
        """Python has warned."""
