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
from typing import Any, Final

from ..births import Birth, BirthRecorder
from ..files import FILES, TEMPFILE, is_closed_file
from ..findings import Kind
from ..stacks import Stack, capture_stack

_Filter = tuple[Any, ...]


class _OurFilter(tuple[Any, ...]):
    """A filter that the plugin put in; also recognized by a run that is nested in another."""

    __slots__ = ()


_BLANKET_CATEGORIES: Final = (Warning, Exception, BaseException, object)
_PYTHONS_OWN: Final = ("ignore", None, ResourceWarning, None, 0)


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
    def __init__(self, births: BirthRecorder, on_emission: Callable[[Emission], None]) -> None:
        self._births = births
        self._on_emission = on_emission
        self._base_recorder: object = None
        self._inserted: list[_Filter] = []
        self._opened: list[_Filter] = []
        self._opened_for: list[_Filter] = []
        self._recorded: dict[int, tuple[Kind, Birth | None]] = {}
        self._original: Callable[[warnings.WarningMessage], None] | None = None
        self._original_hook: Any = None
        self._listening = False
        self._finalized: Birth | None = None

    def while_finalized(self, birth: Birth | None) -> Birth | None:
        """What warnings that name no object are about from now on; returns what it was."""
        before, self._finalized = self._finalized, birth
        return before

    def start(self) -> None:
        self._original = warnings._showwarnmsg  # type: ignore[attr-defined]
        self._replacement = self._on_message
        warnings._showwarnmsg = self._replacement  # type: ignore[attr-defined]

    def watch_finalizers(self) -> None:
        """To be called when pytest's own ``sys.unraisablehook`` is in place."""
        self._original_hook = sys.unraisablehook
        self._hook = self._on_unraisable
        sys.unraisablehook = self._hook

    def unwatch_finalizers(self) -> None:
        if self._original_hook is not None and sys.unraisablehook is self._hook:
            sys.unraisablehook = self._original_hook
        self._original_hook = None

    def stop(self) -> None:
        self.close_filters()
        if self._original is not None and warnings._showwarnmsg is self._replacement:  # type: ignore[attr-defined]
            warnings._showwarnmsg = self._original  # type: ignore[attr-defined]
        self.unwatch_finalizers()
        self._original = None

    def open_filters(self, decisions: Callable[[], Iterable[str]]) -> None:
        """Let ResourceWarnings through, as far as the user did not decide otherwise.

        ``decisions`` gives the filters that the user wrote (command line, ini, marks), as text: only they
        tell an ``ignore::ResourceWarning`` from the same tuple that Python installs by itself.
        """
        # Mostly the same from test to test.  A mark's filter stands before the others.
        if warnings.filters != self._opened_for:
            written = (*decisions(), *sys.warnoptions)
            user_ignores = any(_names_resource_warning(text) for text in written)
            self._opened_for = list(warnings.filters)
            self._opened, self._inserted = _let_through(warnings.filters, user_ignores)
        warnings.filters[:] = self._opened  # type: ignore[index]
        _filters_mutated()
        self._base_recorder = warnings._showwarnmsg_impl  # type: ignore[attr-defined]
        self._listening = True

    def close_filters(self) -> None:
        self._listening = False
        self._recorded.clear()
        if warnings.filters == self._opened:
            warnings.filters[:] = self._opened_for
            _filters_mutated()
        elif any(entry is ours for entry in warnings.filters for ours in self._inserted):
            warnings.filters[:] = [  # type: ignore[index]
                entry for entry in warnings.filters if not any(entry is ours for ours in self._inserted)
            ]
            _filters_mutated()
        self._base_recorder = None

    def silenced(self, text: str) -> bool:
        """Whether the user ignores or records a ResourceWarning of this text, from wherever it comes."""
        if _action(warnings.filters, text, ResourceWarning, "", 0) == "ignore":
            return True
        return self._recorder_active() and _action(_without_ours(), text, ResourceWarning, "", 0) != "ignore"

    def _recorder_active(self) -> bool:
        """``pytest.warns``, ``recwarn`` or ``catch_warnings(record=True)``, inside pytest's own."""
        return warnings._showwarnmsg_impl is not self._base_recorder  # type: ignore[attr-defined]

    def _on_message(self, message: warnings.WarningMessage) -> None:
        original = self._original
        assert original is not None
        if not self._listening or not issubclass(message.category, ResourceWarning):
            original(message)
            return
        shown = True
        try:
            shown = self._shown_without_us(message)
            frame = sys._getframe(1)
            source = message.source
            kind, birth = self._recorded.get(id(source)) or self._identify(source, frame)
            around = getattr(original, "__self__", None)
            if (
                birth is None
                and isinstance(around, ResourceWarningCheck)
                and around._identify(source, frame)[1] is not None
            ):
                # The run around this one saw it opened (pytester), and tells for itself whether to show it.
                shown = True
            elif self._recorder_active() and shown:
                # The user's recorder gets it.  pytest.warns may emit it again, when the file is closed
                # and can't be recognized any more.
                if source is not None:
                    self._recorded[id(source)] = (kind, birth)
            else:
                if kind == "tempdir" and birth is None:
                    birth = self._births.of_directory(_directory_being_cleaned(frame))
                # In a cycle, a file's buffer may come after the raw file that has been reported.
                if birth is not None or not is_closed_file(source):
                    self._on_emission(Emission(kind, birth, str(message.message), capture_stack(frame)))
            del source, frame
        except Exception as error:
            self._births.faults.add("resource warnings", error)
        if shown:
            original(message)

    def _on_unraisable(self, unraisable: Any) -> None:
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

    def _shown_without_us(self, message: warnings.WarningMessage) -> bool:
        module = message.filename.removesuffix(".py")
        frame: FrameType | None = sys._getframe(2)
        if frame is not None and frame.f_code.co_filename == message.filename:
            module = str(frame.f_globals.get("__name__", module))
        return (
            _action(_without_ours(), str(message.message), message.category, module, message.lineno)
            != "ignore"
        )


def _let_through(current: Iterable[_Filter], user_ignores: bool) -> tuple[list[_Filter], list[_Filter]]:
    """The filters with our own put in, and our own alone."""
    filters: list[_Filter] = []
    inserted: list[_Filter] = []

    def insert(message: Any = None, module: Any = None, line: int = 0) -> None:
        entry = _OurFilter(("always", message, ResourceWarning, module, line))
        inserted.append(entry)
        filters.append(entry)

    done = False
    for entry in current:
        action, message, category, module, line = entry[:5]
        if not done and issubclass(ResourceWarning, category):
            anywhere = message is None and module is None and line == 0
            blanket = anywhere and category in _BLANKET_CATEGORIES
            if action == "ignore":
                if blanket or (tuple(entry[:5]) == _PYTHONS_OWN and not user_ignores):
                    insert()
                    done = True
            elif action in ("default", "module", "once"):
                insert(message, module, line)
            done = done or anywhere
        filters.append(entry)
    if not done:
        insert()
    return filters, inserted


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


def _names_resource_warning(text: str) -> bool:
    """Whether a filter as text is ``ignore::ResourceWarning`` and nothing narrower."""
    parts = [part.strip() for part in text.split(":")] + [""] * 5
    return (
        parts[0] == "ignore"
        and not parts[1]
        and parts[2].rpartition(".")[2] == "ResourceWarning"
        and not parts[3]
        and not parts[4]
    )


def _without_ours() -> list[_Filter]:
    return [entry for entry in warnings.filters if not isinstance(entry, _OurFilter)]


def _action(filters: Iterable[_Filter], text: str, category: type[Warning], module: str, line: int) -> str:
    """What ``warnings.warn_explicit`` would do."""
    for entry in filters:
        action, message, of_category, of_module, of_line = entry[:5]
        if (
            issubclass(category, of_category)
            and (message is None or message.match(text))
            and (of_module is None or of_module.match(module))
            and of_line in (0, line)
        ):
            return str(action)
    return "default"


_mutated: Final = getattr(warnings, "_filters_mutated", None)


def _filters_mutated() -> None:
    """Python keeps, for each module, which warnings it has shown; that depends on the filters."""
    if _mutated is not None:
        _mutated()
    else:  # Python 3.14
        with warnings._lock:  # type: ignore[attr-defined]
            warnings._filters_mutated_lock_held()  # type: ignore[attr-defined]
