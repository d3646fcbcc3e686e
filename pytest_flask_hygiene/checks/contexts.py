"""App and request contexts that a test or fixture pushed and never popped.

A context belongs to whoever was at work when it was pushed.  A fixture that yields inside
``with app.app_context():`` is nobody's leak; what is still pushed when its owner has ended is.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from types import CodeType, ModuleType
from typing import Any

from ..births import Birth, capture_stack
from ..findings import Owner
from ..imports import PostImport
from ..owners import OwnerTracker

#: One push: the context, the variable that holds it, and the position of the push among the context's own.
_Push = tuple[Any, "ContextVar[Any]", int]


class ContextCheck:
    def __init__(self, owners: OwnerTracker, imports: PostImport) -> None:
        self._owners = owners
        self._variables: list[ContextVar[Any]] = []
        self._births: weakref.WeakKeyDictionary[Any, list[tuple[int, Birth]]] = weakref.WeakKeyDictionary()
        self._undo: list[Callable[[], None]] = []
        self._expected: set[CodeType] = set()
        self._sequence = 0
        imports.when_imported("flask.ctx", self._watch_pushes)
        imports.when_imported("flask.app", self._expect_wsgi_app)

    def _expect_wsgi_app(self, module: ModuleType) -> None:
        self._expected.add(module.Flask.wsgi_app.__code__)

    def _watch_pushes(self, module: ModuleType) -> None:
        globals_ = vars(sys.modules["flask.globals"])
        # Flask's main branch has merged both contexts into one.
        self._variables = [globals_[name] for name in ("_cv_request", "_cv_app") if name in globals_]
        classes = {vars(module).get(name) for name in ("AppContext", "RequestContext")} - {None}
        for cls in classes:
            if "push" in vars(cls):
                self._watch(cls)

    def _watch(self, cls: Any) -> None:
        original = cls.push
        # Pushed with the request context, and popped with it.
        self._expected.add(original.__code__)
        check = weakref.ref(self)

        def push(context: Any, *args: Any, **kwargs: Any) -> Any:
            frame = sys._getframe(1)
            this = check()
            if this is None or frame.f_code in this._expected:
                return original(context, *args, **kwargs)
            position = _depth(context)
            result = original(context, *args, **kwargs)
            this._pushed(context, position, Birth("context", this._owners.get(), capture_stack(frame)))
            return result

        push.__name__, push.__qualname__, push.__doc__ = "push", original.__qualname__, original.__doc__
        push.__wrapped__ = original  # type: ignore[attr-defined]
        cls.push = push

        def undo() -> None:
            if vars(cls).get("push") is push:
                cls.push = original

        self._undo.append(undo)

    def _pushed(self, context: Any, position: int, birth: Birth) -> None:
        births = self._births.setdefault(context, [])
        del births[position:]
        self._sequence += 1
        births.append((self._sequence, birth))
        birth.path = position

    def stop(self) -> None:
        while self._undo:
            self._undo.pop()()
        self._births.clear()
        self._variables = []

    def top(self) -> tuple[Any, ...]:
        """The innermost contexts: cheap to take and to compare."""
        return tuple(variable.get(None) for variable in self._variables)

    def has_pushed(self, owner: Owner) -> bool:
        return any(birth.owner is owner for _, birth, _ in self._pushes())

    def leaked(self, owners: set[int], held: Callable[[Any], bool]) -> list[tuple[Birth, Any]]:
        """What these owners (by ``id``) pushed and left, newest first; ``held``: by an open response."""
        if not any(variable.get(None) is not None for variable in self._variables):
            return []
        found = [
            (sequence, birth, push)
            for sequence, birth, push in self._pushes()
            if id(birth.owner) in owners and not held(push[0])
        ]
        found.sort(key=lambda entry: entry[0], reverse=True)
        return [(birth, push) for _, birth, push in found]

    def _pushes(self) -> Iterator[tuple[int, Birth, _Push]]:
        for variable in self._variables:
            seen: dict[int, int] = {}
            context = variable.get(None)
            while context is not None:
                depth = seen.get(id(context), _depth(context)) - 1
                if depth < 0:
                    break
                seen[id(context)] = depth
                for sequence, birth in self._births.get(context, ()):
                    if birth.path == depth:
                        yield sequence, birth, (context, variable, depth)
                context = _previous(context, depth)

    @staticmethod
    def pop(push: _Push) -> None:
        """Take a left context off, so that what comes next starts clean.  Never raises."""
        context, variable, depth = push
        previous = _previous(context, depth)
        try:
            context.pop()
        except Exception:
            # A teardown function of the application raised, or something else is on top.
            if variable.get(None) is context and _depth(context) <= depth:
                variable.set(previous)


def _depth(context: Any) -> int:
    """How many times this context is pushed now."""
    tokens = getattr(context, "_cv_tokens", None)
    if tokens is not None:
        return len(tokens)
    return int(getattr(context, "_push_count", 0))


def _previous(context: Any, depth: int) -> Any:
    """The context below the ``depth``-th push of this one."""
    tokens = getattr(context, "_cv_tokens", None)
    if tokens is not None:
        if depth >= len(tokens):
            return None
        token = tokens[depth]
        token = token[0] if isinstance(token, tuple) else token
    else:
        if depth > 0:
            return context
        token = getattr(context, "_cv_token", None)
    previous = getattr(token, "old_value", None)
    return None if previous is Token.MISSING else previous
