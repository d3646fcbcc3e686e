"""App and request contexts that a test or fixture pushed and never popped.

A context belongs to whoever was at work when it was pushed.  A fixture that yields inside
``with app.app_context():`` is nobody's leak; what is still pushed when its owner has ended is.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable, Collection, Iterator
from contextvars import ContextVar, Token
from threading import get_ident
from types import CodeType, FrameType, ModuleType
from typing import Any

from ..birth import Birth
from ..findings import Owner
from ..owners import OwnerTracker
from ..stacks import capture_stack, made_in_request
from ..weak_ids import WeakIds

#: One push: the context, the variable that holds it, and how often the context had been pushed before.
_Push = tuple[Any, "ContextVar[Any]", int]


class ContextCheck:
    """Knows who pushed each context, by replacements of ``push()``, and which of them are pushed still."""

    def __init__(self, owners: OwnerTracker, on_fault: Callable[[Exception], None]) -> None:
        self._owners = owners
        self._on_fault = on_fault
        self._variables: list[ContextVar[Any]] = []
        """Flask's own, in which the innermost contexts are."""
        self._none_pushed: tuple[tuple[Any, int], ...] = ()
        """What :meth:`top` returns when nothing is pushed."""
        self._births: WeakIds[list[tuple[int, Birth]]] = WeakIds()
        """Of each context its pushes: which one of all pushes it was, and its birth."""
        self._undo: list[Callable[[], None]] = []
        self._expected: set[CodeType] = set()
        """Functions of Flask's that pop what they push."""
        self._entered: WeakIds[Birth] = WeakIds()
        """Test clients, by where they were entered as a context manager."""
        self._ways: WeakIds[frozenset[str]] = WeakIds()
        """Of each context how it was pushed: by a ``client``, during its ``request``, or ``other``."""
        self._client_open: CodeType | None = None
        """The code of ``FlaskClient.open``."""
        self.pushes_so_far = 0
        self._environ: object = None
        """Of the test client's request that Flask is about to push a context for."""
        self._pushing_in = 0
        """The thread in which a request context is pushed for it, and an app context with that one."""

    # Each to be called when the module has been imported: flask.app, flask.ctx, flask.testing.

    def expect_wsgi_app(self, module: ModuleType) -> None:
        """What ``Flask.wsgi_app`` pushes it pops itself."""
        self._expected.add(module.Flask.wsgi_app.__code__)

    def watch_pushes(self, module: ModuleType) -> None:
        """Replace ``push()`` of both kinds of context."""
        globals_ = vars(sys.modules["flask.globals"])
        # Flask's main branch has merged both contexts into one.
        self._variables = [globals_[name] for name in ("_cv_request", "_cv_app") if name in globals_]
        self._none_pushed = ((None, 0),) * len(self._variables)
        classes = {vars(module).get(name) for name in ("AppContext", "RequestContext")} - {None}
        for cls in classes:
            if "push" in vars(cls):
                self._watch(cls)

    def _watch(self, cls: Any) -> None:
        original = _unwrapped(cls.push)
        # Pushed with the request context, and popped with it.
        self._expected.add(original.__code__)
        check = weakref.ref(self)

        def push(context: Any, *args: Any, **kwargs: Any) -> Any:
            this = check()
            if this is None:
                return original(context, *args, **kwargs)
            if this._is_of_request(context):
                try:
                    return original(context, *args, **kwargs)
                finally:
                    this._pushing_in = 0
            frame = sys._getframe(1)
            if frame.f_code in this._expected:
                return original(context, *args, **kwargs)
            position = _depth(context)
            result = original(context, *args, **kwargs)
            try:
                kept = this._client_of(frame)
                birth = kept or Birth("context", this._owners.get(), capture_stack(frame))
                this._note_way(context, birth, by_client=kept is not None)
                this._pushed(context, position, birth)
            except Exception as error:
                this._on_fault(error)
            return result

        self._replace(cls, "push", push)

    def expect_push_of(self, environ: object) -> None:
        """A test client calls the application with this WSGI environment; None: it has returned."""
        self._environ = environ
        self._pushing_in = 0

    def _is_of_request(self, context: Any) -> bool:
        """Whether Flask pushes this context for the request of a test client.

        Each push of the others is looked up in the stack, which costs more: ``sys._getframe`` is audited.
        """
        if self._pushing_in and self._pushing_in == get_ident():
            self._pushing_in = 0
            return True
        if self._environ is None:
            return False
        try:
            if vars(vars(context)["request"])["environ"] is not self._environ:
                return False
        except (TypeError, KeyError):
            # An app context, or a class of the application's own.
            return False
        self._environ = None
        self._pushing_in = get_ident()
        return True

    def watch_clients(self, module: ModuleType) -> None:
        """``with app.test_client() as client:`` keeps the last request's contexts until the block ends.

        They belong to whoever entered the client, not to the test that made the request.
        """
        cls = module.FlaskClient
        self._client_open = cls.open.__code__
        original = _unwrapped(cls.__enter__)
        check = weakref.ref(self)

        def __enter__(client: Any) -> Any:
            this = check()
            if this is not None:
                try:
                    birth = Birth("context", this._owners.get(), capture_stack(sys._getframe(1)))
                    this._entered.set(client, birth)
                except Exception as error:
                    this._on_fault(error)
            return original(client)

        self._replace(cls, "__enter__", __enter__)

    def _client_of(self, frame: FrameType | None) -> Birth | None:
        """The birth of a push by an entered client, which keeps a request's contexts."""
        for _ in range(4):
            if frame is None:
                return None
            if frame.f_code is self._client_open:
                entered = self._entered.get(frame.f_locals.get("self"))
                # A birth of its own: each push is reported once.
                return None if entered is None else Birth("context", entered.owner, entered.stack)
            frame = frame.f_back
        return None

    def _replace(self, cls: Any, name: str, replacement: Any) -> None:
        before_us = vars(cls)[name]
        functools.update_wrapper(replacement, before_us)
        replacement._hygiene_original = _unwrapped(before_us)
        setattr(cls, name, replacement)

        def undo() -> None:
            if vars(cls).get(name) is replacement:
                setattr(cls, name, before_us)

        self._undo.append(undo)

    def _note_way(self, context: Any, birth: Birth, *, by_client: bool) -> None:
        """Remember in which way a context was pushed.

        A streamed response (``stream_with_context``) pushes its request's context again, and so does a client
        that keeps it.  A context that was pushed in both ways is popped in either order: which of the two
        pushes is left can't be told.
        """
        before = self._ways.get(context) or frozenset()
        way = "client" if by_client else "request" if made_in_request(birth.stack) else "other"
        self._ways.set(context, before | {way})

    def _pushed(self, context: Any, position: int, birth: Birth) -> None:
        """``position``: how often the context had been pushed before."""
        births = self._births.get(context)
        if births is None:
            births = self._births.set(context, [])
        # These have been popped since.
        del births[position:]
        self.pushes_so_far += 1
        births.append((self.pushes_so_far, birth))
        # A context has no path; pushes() tells by the position which birth is whose.
        birth.path = position

    def stop(self) -> None:
        """Undo the replacements; no context is known any more."""
        while self._undo:
            self._undo.pop()()
        self._births.clear()
        self._entered.clear()
        self._ways.clear()
        self._variables = []

    def top(self) -> tuple[tuple[Any, int], ...]:
        """The innermost contexts, each with how often it is pushed: the same one may be pushed again."""
        if not self.any_pushed:
            return self._none_pushed
        contexts = [variable.get(None) for variable in self._variables]
        return tuple((context, 0 if context is None else _depth(context)) for context in contexts)

    @property
    def any_pushed(self) -> bool:
        """Whether any context is pushed now, by whomever."""
        for variable in self._variables:  # noqa: SIM110  (a loop costs half of any())
            if variable.get(None) is not None:
                return True
        return False

    def has_pushed(self, owner: Owner) -> bool:
        """Whether a context is pushed that this owner, or a part of it, has pushed."""
        return any(birth.owner.is_or_is_part_of(owner) for _, birth, _ in self.pushes())

    def leaked(
        self, owners: Collection[Owner], held: Callable[[Any, int], bool], since: int = 0
    ) -> list[tuple[Birth, _Push]]:
        """What these owners have pushed and not popped, newest first.

        ``held`` tells whether an open response will pop it.  ``since``: a former value of ``pushes_so_far``,
        for what was pushed after that.
        """
        if not self.any_pushed:
            return []
        found = [
            (sequence, birth, push)
            for sequence, birth, push in self.pushes()
            if sequence > since and birth.owner in owners and not held(push[0], push[2])
        ]
        found.sort(key=lambda entry: entry[0], reverse=True)
        return [(birth, push) for _, birth, push in found]

    def pushes(self) -> Iterator[tuple[int, Birth, _Push]]:
        """Each push of a context that is pushed now: which one of all pushes it was, its birth, itself."""
        for variable in self._variables:
            seen: dict[int, int] = {}
            context = variable.get(None)
            while context is not None:
                ways: frozenset[str] = self._ways.get(context) or frozenset()
                depth = seen.get(id(context), _depth(context)) - 1
                if depth < 0:
                    break
                seen[id(context)] = depth
                for sequence, birth in self._births.get(context) or ():
                    if birth.path == depth and not ways.issuperset(("client", "request")):
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


def _unwrapped(method: Any) -> Any:
    """Without the replacement of a run that this one is nested in (pytester): the contexts are ours."""
    return getattr(method, "_hygiene_original", method)


def _depth(context: Any) -> int:
    """How many times this context is pushed now."""
    # Flask 3.0 and 3.1 have a token for each push, the main branch has the first one and counts.
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
