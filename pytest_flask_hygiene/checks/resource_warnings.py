"""Every ResourceWarning, whatever the default filters say, tied to the birth of its resource.

``warnings._showwarnmsg`` is the one point that each warning passes that a filter lets through, from C and
from Python, also inside recorders.  A filter lets ResourceWarnings through where nothing but Python's own
defaults or a blanket ``ignore`` would stop them; what the user decided stays in force.  Under ``error`` a
finalizer's warning arrives in ``sys.unraisablehook`` instead.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from ..birth import Birth
from ..births import BirthRecorder
from ..files import FILES, TEMPFILE, is_closed_file
from ..findings import Kind
from ..stacks import Stack, capture_stack
from .warning_filters import (
    Filter,
    action_for,
    filters_mutated,
    ignores_resource_warnings,
    let_through,
    without_ours,
)


class Emission:
    """One ResourceWarning.  Holds no user object."""

    __slots__ = ("birth", "kind", "stack", "text")

    def __init__(self, kind: Kind, birth: Birth | None, text: str, stack: Stack) -> None:
        self.kind: Kind = kind
        self.birth = birth
        self.text = text
        self.stack = stack
        """Where it was emitted: of use only when there is no birth."""


class ResourceWarningCheck:
    """Calls ``on_emission`` for each ResourceWarning, except those that the user ignores or records."""

    def __init__(self, births: BirthRecorder, on_emission: Callable[[Emission], None]) -> None:
        self._births = births
        self._on_emission = on_emission
        self._base_recorder: object = None
        """``warnings._showwarnmsg_impl`` when the filters were opened: pytest's recorder."""
        self._inserted: list[Filter] = []
        """Our own filters, of those below."""
        self._opened: list[Filter] = []
        """The filters as they were last opened."""
        self._opened_for: list[Filter] = []
        """The filters as they were before that."""
        self._recorded: dict[int, tuple[Kind, Birth | None]] = {}
        """What the user's own recorder has got, by the ``id()`` of the warning's source."""
        self._original: Callable[[warnings.WarningMessage], None] | None = None
        self._original_hook: Any = None
        self._listening = False
        self._finalized: Birth | None = None
        """Of a plugin's type, whose ``__del__`` runs now."""

    def while_finalized(self, birth: Birth | None) -> Birth | None:
        """What warnings that name no object are about from now on; returns what it was."""
        before, self._finalized = self._finalized, birth
        return before

    def start(self) -> None:
        """Replace ``warnings._showwarnmsg``."""
        self._original = warnings._showwarnmsg  # type: ignore[attr-defined]
        self._replacement = self._on_message
        warnings._showwarnmsg = self._replacement  # type: ignore[attr-defined]

    def watch_finalizers(self) -> None:
        """To be called when pytest's own ``sys.unraisablehook`` is in place."""
        self._original_hook = sys.unraisablehook
        self._hook = self._on_unraisable
        sys.unraisablehook = self._hook

    def unwatch_finalizers(self) -> None:
        # The original stays known: another thread may be about to call ours, or a plugin have wrapped it.
        if self._original_hook is not None and sys.unraisablehook is self._hook:
            sys.unraisablehook = self._original_hook

    def stop(self) -> None:
        """Undo both replacements, and give the user's filters back."""
        self.close_filters()
        if self._original is not None and warnings._showwarnmsg is self._replacement:  # type: ignore[attr-defined]
            warnings._showwarnmsg = self._original  # type: ignore[attr-defined]
        # The original stays known: another thread may be about to call ours.
        self.unwatch_finalizers()

    def open_filters(self, decisions: Callable[[], Iterable[str]]) -> None:
        """Let ResourceWarnings through, as far as the user did not decide otherwise.

        ``decisions`` gives the filters that the user wrote (command line, ini, marks), as text: only they
        tell an ``ignore::ResourceWarning`` from the same tuple that Python installs by itself.
        """
        # Mostly the filters are the same from test to test: a mark would have put its own before them.
        if warnings.filters != self._opened_for:
            written = (*decisions(), *sys.warnoptions)
            user_ignores = any(ignores_resource_warnings(text) for text in written)
            self._opened_for = list(warnings.filters)
            self._opened, self._inserted = let_through(warnings.filters, user_ignores)
        warnings.filters[:] = self._opened  # type: ignore[index]
        filters_mutated()
        self._base_recorder = warnings._showwarnmsg_impl  # type: ignore[attr-defined]
        self._listening = True

    def close_filters(self) -> None:
        """Give the user's filters back, and hear no more warnings."""
        self._listening = False
        self._recorded.clear()
        if warnings.filters == self._opened:
            warnings.filters[:] = self._opened_for
            filters_mutated()
        elif any(entry is ours for entry in warnings.filters for ours in self._inserted):
            warnings.filters[:] = [  # type: ignore[index]
                entry for entry in warnings.filters if not any(entry is ours for ours in self._inserted)
            ]
            filters_mutated()
        self._base_recorder = None

    def silenced(self, text: str) -> bool:
        """Whether the user ignores or records a ResourceWarning of this text, from wherever it comes."""
        if action_for(warnings.filters, text, ResourceWarning, "", 0) == "ignore":
            return True
        return (
            self._recorder_active() and action_for(without_ours(), text, ResourceWarning, "", 0) != "ignore"
        )

    def _recorder_active(self) -> bool:
        """Whether ``pytest.warns``, ``recwarn`` or ``catch_warnings(record=True)`` is at work."""
        return warnings._showwarnmsg_impl is not self._base_recorder  # type: ignore[attr-defined]

    def _on_message(self, message: warnings.WarningMessage) -> None:
        """Stands for ``warnings._showwarnmsg``."""
        original = self._original
        assert original is not None
        if not self._listening or not issubclass(message.category, ResourceWarning):
            original(message)
            return
        shown = True
        try:
            frame = sys._getframe(1)
            shown = self._shown_without_us(message, frame)
            if self._is_outer_runs(original, message.source, frame):
                # The outer run tells for itself whether to show it.
                shown = True
            else:
                self._take(message, frame, shown)
            del frame
        except Exception as error:
            self._births.faults.add("resource warnings", error)
        if shown:
            original(message)

    def _take(self, message: warnings.WarningMessage, frame: FrameType, shown: bool) -> None:
        source = message.source
        kind, birth = self._recorded.get(id(source)) or self._identify(source, frame)
        if self._recorder_active() and shown:
            # The user's recorder gets it.  pytest.warns may emit it again, when the file is closed
            # and can't be recognized any more.
            if source is not None:
                self._recorded[id(source)] = (kind, birth)
            return
        if kind == "tempdir" and birth is None:
            birth = self._births.of_directory(_directory_being_cleaned(frame))
        # In a cycle, a file's buffer may come after the raw file that has been reported.
        if birth is not None or not is_closed_file(source):
            self._on_emission(Emission(kind, birth, str(message.message), capture_stack(frame)))

    def _is_outer_runs(self, original: object, source: object, frame: FrameType) -> bool:
        """Whether a run around this one (pytester) saw the resource opened, and this one did not."""
        around = getattr(original, "__self__", None)
        if not isinstance(around, ResourceWarningCheck):
            return False
        known = self._recorded.get(id(source)) or self._identify(source, frame)
        return known[1] is None and around._identify(source, frame)[1] is not None

    def _on_unraisable(self, unraisable: Any) -> None:
        """Stands for ``sys.unraisablehook``."""
        exc_type = unraisable.exc_type
        if not (self._listening and exc_type is not None and issubclass(exc_type, ResourceWarning)):
            self._original_hook(unraisable)
            return
        try:
            source = unraisable.object
            frame = None
            traceback = unraisable.exc_traceback
            while traceback is not None:
                # A finalizer written in Python: its object is the frame's ``self``.
                frame = traceback.tb_frame
                if frame.f_code.co_name == "__del__":
                    source = frame.f_locals.get("self", source)
                traceback = traceback.tb_next
            kind, birth = self._identify(source, frame)
            if frame is not None and birth is None:
                directory = _directory_being_cleaned(frame)
                if directory:
                    kind, birth = "tempdir", self._births.of_directory(directory)
            text = str(unraisable.exc_value)
            self._on_emission(Emission(kind, birth, text, capture_stack(sys._getframe(1))))
            del source, frame, traceback
        except Exception as error:
            self._births.faults.add("resource warnings", error)

    def _identify(self, source: object, frame: FrameType | None) -> tuple[Kind, Birth | None]:
        """What a warning is about, by the object that it names, or by the frame that emitted it."""
        kind = _kind_of(source)
        if kind == "file":
            return kind, self._births.of_file(source)
        if source is None:
            if frame is not None and _directory_being_cleaned(frame):
                return "tempdir", None
            return kind, self._finalized
        birth = self._births.by_id.get(id(source))
        if birth is not None:
            return birth.kind, birth
        return kind, None

    def _shown_without_us(self, message: warnings.WarningMessage, frame: FrameType) -> bool:
        """Whether the filters would let the warning through if the plugin had not changed them."""
        module = message.filename.removesuffix(".py")
        if frame.f_code.co_filename == message.filename:
            module = str(frame.f_globals.get("__name__", module))
        text = str(message.message)
        return action_for(without_ours(), text, message.category, module, message.lineno) != "ignore"


def _kind_of(source: object) -> Kind:
    # type(), never isinstance(): the source may be a mock or a broken proxy.
    cls = type(source)
    if issubclass(cls, FILES):
        return "file"
    modules = sys.modules
    for kind, module, name in (
        ("socket", "socket", "socket"),
        ("sqlite", "sqlite3", "Connection"),
        ("subprocess", "subprocess", "Popen"),
        ("event-loop", "asyncio.base_events", "BaseEventLoop"),
        ("tempdir", "tempfile", "TemporaryDirectory"),
    ):
        known = getattr(modules.get(module), name, None)
        if isinstance(known, type) and issubclass(cls, known):
            return kind  # type: ignore[return-value]
    return "other"


def _directory_being_cleaned(frame: FrameType | None) -> str:
    """The directory that ``TemporaryDirectory`` is cleaning up implicitly, from its own frame."""
    for _ in range(4):
        if frame is None:
            break
        if frame.f_code.co_filename == TEMPFILE and frame.f_code.co_name == "_cleanup":
            return str(frame.f_locals.get("name", ""))
        frame = frame.f_back
    return ""
