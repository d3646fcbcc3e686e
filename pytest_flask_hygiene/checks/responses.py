"""Every response of every test client closed at the right moment, and uploads' temporary files too.

A WSGI server closes what it has sent; the test client does not (pallets/flask#5483).  The one point that
every client passes is the module global ``werkzeug.test.run_wsgi_app``.  The application's iterable is
wrapped there (``bodies.py``), and closed once: by the test, when it is dropped, or when its owner ends; never
sooner, because a sent file can't be read after it.
"""

from __future__ import annotations

import io
import itertools
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from types import CodeType, GeneratorType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from ..birth import Birth
from ..births import BirthRecorder
from ..files import is_open_descriptor
from ..findings import Owner
from ..owners import OwnerTracker
from ..stacks import Stack, capture_stack, request_of, was_sent
from .bodies import Body, LeftResponse

if TYPE_CHECKING:
    from .contexts import ContextCheck
    from .stand_ins import NoContexts


class ResponseCheck:
    """Closes what test clients have got, and tells of what the test should have closed."""

    def __init__(
        self,
        owners: OwnerTracker,
        births: BirthRecorder,
        on_left: Callable[[LeftResponse], None],
        on_upload_closed: Callable[[Birth], None],
        contexts: Callable[[], ContextCheck | NoContexts],
    ) -> None:
        self._owners = owners
        self._births = births
        self._on_left = on_left
        self._on_upload_closed = on_upload_closed
        self._contexts = contexts
        self._numbers = itertools.count()
        self._bodies: weakref.WeakValueDictionary[int, Body] = weakref.WeakValueDictionary()
        """In the order of their requests."""
        self._inputs: dict[int, tuple[weakref.ref[Any], Owner]] = {}
        """The temporary file of each thread's last upload, and who has made the request."""
        self._holders: list[tuple[weakref.ref[Any], int, weakref.ref[Body]]] = []
        """Contexts that a response keeps pushed, with the position of the push, and that response's body."""
        self._undo: Callable[[], None] | None = None
        self._upload_code: CodeType | None = None
        """Of the function of Werkzeug's that makes the temporary files."""

    def wrap(self, module: ModuleType) -> None:
        """Replace ``run_wsgi_app``; to be called when ``werkzeug.test`` has been imported."""
        before_us = original = module.run_wsgi_app
        while hasattr(original, "_hygiene_original"):
            # A run nested in another (pytester): the response is the inner one's.
            original = original._hygiene_original
        self._upload_code = getattr(getattr(module, "stream_encode_multipart", None), "__code__", None)
        self._closing_iterator = getattr(module, "ClosingIterator", None)
        self._response_class = getattr(module, "Response", None)
        replacement = module.run_wsgi_app = _watching(original, weakref.ref(self))  # type: ignore[attr-defined]

        def undo() -> None:
            if module.run_wsgi_app is replacement:
                module.run_wsgi_app = before_us  # type: ignore[attr-defined]

        self._undo = undo

    def stop(self) -> None:
        """Close what is still open, and put ``run_wsgi_app`` back."""
        self.close_all()
        if self._undo is not None:
            self._undo()
            self._undo = None

    def _guarded(self, step: Callable[[Any], Any], argument: Any) -> Any:
        """A fault of ours must not break the request."""
        try:
            return step(argument)
        except Exception as error:
            self._births.faults.add("responses", error)
            return None

    @staticmethod
    def _top(contexts: ContextCheck | NoContexts) -> tuple[tuple[Any, int], ...]:
        return contexts.top()

    def _has_nothing_to_close(self, iterable: Any) -> bool:
        """Whether it is Werkzeug's iterator over a text, of a response that nothing else hangs on.

        Most responses are.  They pass unchanged, at a tenth of what it costs to watch one.
        """
        known = self._response_class
        if type(iterable) is not self._closing_iterator or known is None:
            return False
        # The last one; in front of it may be close() of Werkzeug's own generator over the text.
        callback = iterable._callbacks[-1] if iterable._callbacks else None
        if type(callback) is not MethodType or callback.__func__ is not known.close:
            return False
        response: Any = callback.__self__
        if len(iterable._callbacks) > 1 and (
            len(iterable._callbacks) > 2
            or type(getattr(iterable._callbacks[0], "__self__", None)) is not GeneratorType
            or type(response).iter_encoded is not known.iter_encoded
        ):
            return False
        attributes = vars(response)
        return not attributes["_on_close"] and type(attributes["response"]) in (list, tuple)

    def _open(self, iterable: Iterable[bytes]) -> Body:
        body = Body(iterable, self._owners.get(), self._report, partial(self._births.faults.add, "responses"))
        # Guarded by itself: after a fault the body would be dropped, and so closed before it is read.
        self._guarded(self._track, body)
        return body

    def _report(self, left: LeftResponse) -> None:
        self._guarded(self._note_left, left)

    def _note_left(self, left: LeftResponse) -> None:
        birth = left.birth
        if birth is not None and birth.served == "replaced" and self._is_open(birth):
            # It was not part of the response after all: it is found as left open, held by the application.
            left.birth = None
            if not left.stream_left:
                return
        self._on_left(left)

    def _is_open(self, birth: Birth) -> bool:
        return any(
            each is birth and is_open_descriptor(descriptor)
            for descriptor, each in self._births.by_descriptor.copy().items()
        )

    def _track(self, body: Body) -> None:
        """Remember a body that has something to close, with the birth of the file that it sends."""
        stream = body.stream
        is_file = stream is not None and not isinstance(stream, GeneratorType)
        replaced = [] if is_file else self._sent_files(body.owner)
        if stream is None and not replaced:
            return
        # From Werkzeug's own run_wsgi_app outwards.
        request = capture_stack(sys._getframe(5))
        if is_file:
            body.birth = self._births.of_file(stream)
            if body.birth is not None:
                body.birth.served = "response"
        else:
            body.birth = next((b for b in replaced if _agree(request_of(b.stack), request_of(request))), None)
            if body.birth is not None:
                body.birth.served = "replaced"
        if stream is not None or body.birth is not None:
            body.stack = request
            self._bodies[next(self._numbers)] = body

    def _sent_files(self, owner: Owner) -> list[Birth]:
        """Open files that were sent, and are no response's body: another one has taken their place."""
        return [
            birth
            # A copy: other threads open files.
            for descriptor, birth in self._births.by_descriptor.copy().items()
            if birth.owner is owner
            and not (birth.served or birth.reported)
            and was_sent(birth.stack)
            and is_open_descriptor(descriptor)
        ]

    def _see_input(self, stream: Any) -> None:
        """Remember an upload's temporary file; the previous one of this thread is no longer needed."""
        if stream is None:
            return
        thread = threading.get_ident()
        previous = self._inputs.get(thread)
        if previous is not None and previous[0]() is not stream:
            self._close_input(thread)
        if self._is_upload(stream):
            try:
                self._inputs[thread] = weakref.ref(stream), self._owners.get()
            except TypeError:
                return

    def _is_upload(self, stream: Any) -> bool:
        birth = self._births.of_file(stream)
        if birth is None or not any(code is self._upload_code for code, _ in birth.stack):
            return False
        birth.served = "upload"
        return True

    def _close_input(self, thread: int) -> None:
        # Another thread may have closed it.
        reference, _ = self._inputs.pop(thread, (None, None))
        stream = None if reference is None else reference()
        if stream is not None and not stream.closed:
            birth = self._births.of_file(stream)
            if birth is not None:
                self._on_upload_closed(birth)
            try:
                stream.close()
            except OSError:
                return

    def _see_contexts(self, before: tuple[tuple[Any, int], ...], body: Body) -> None:
        """``stream_with_context`` leaves its contexts pushed until the body is read or closed."""
        after = self._contexts().top()
        for (old, old_depth), (new, depth) in zip(before, after, strict=False):
            if new is not None and (new is not old or depth > old_depth):
                self._holders.append((weakref.ref(new), depth - 1, weakref.ref(body)))

    def holds(self, context: Any, depth: int) -> bool:
        """Whether an open response keeps this push of a context."""
        for reference, position, holder in self._holders:
            body = holder()
            if position == depth and reference() is context and body is not None and body.is_open:
                return True
        return False

    @property
    def holds_contexts(self) -> bool:
        """Whether any open response keeps a context pushed."""
        return any(
            body is not None and body.is_open for _, _, holder in self._holders for body in (holder(),)
        )

    def close_owned_by(self, owner: Owner) -> None:
        """Close an ended owner's responses: newest first, since contexts must be popped in reverse."""
        if not (self._bodies or self._inputs or self._holders):
            return
        if self._bodies:
            self._close([body for body in self._bodies_in_order() if body.owner.is_or_is_part_of(owner)])
        if self._inputs:
            here = threading.get_ident() if owner.is_test else 0
            for thread, (_, maker) in self._inputs.copy().items():
                # Another thread may be in the middle of its request.
                if thread == here or maker.is_or_is_part_of(owner):
                    self._close_input(thread)
        if owner.is_test:
            self._holders.clear()

    def close_context_holders(self) -> None:
        """Close what keeps contexts pushed: a fixture is about to pop one that it pushed before them."""
        self._close([body for _, _, holder in self._holders if (body := holder()) is not None])

    def close_all(self) -> None:
        """Close everything, newest first."""
        self._close(self._bodies_in_order())
        for thread in list(self._inputs):
            self._close_input(thread)

    def _bodies_in_order(self) -> list[Body]:
        """Not by ``items()``, which fails when another thread makes a request meanwhile."""
        return [body for reference in self._bodies.valuerefs() if (body := reference()) is not None]

    @staticmethod
    def _close(bodies: list[Body]) -> None:
        while bodies:
            body = bodies.pop()
            body.finish()
            del body


def _watching(original: Callable[..., Any], tracker: weakref.ref[ResponseCheck]) -> Callable[..., Any]:
    """What stands for ``werkzeug.test.run_wsgi_app``; ``stacks.py`` knows it by its name and file."""

    def run_wsgi_app(app: Any, environ: Any, buffered: bool = False) -> Any:
        check = tracker()
        if check is None:
            return original(app, environ, buffered=buffered)
        body: Body | None = None
        contexts = check._contexts()

        def watched(environ: Any, start_response: Any) -> Any:
            nonlocal body
            stream = environ.get("wsgi.input")
            if type(stream) is not io.BytesIO:
                check._guarded(check._see_input, stream)
            contexts.expect_push_of(environ)
            iterable = app(environ, start_response)
            if not check._guarded(check._has_nothing_to_close, iterable):
                body = check._guarded(check._open, iterable)
            return iterable if body is None else body

        before = check._guarded(check._top, contexts)
        try:
            result = original(watched, environ, buffered=buffered)
            if body is not None and body.is_open:
                check._guarded(partial(check._see_contexts, before or ()), body)
            return result
        finally:
            contexts.expect_push_of(None)
            # The frame may outlive the call in a traceback; the response must not.
            body = None

    run_wsgi_app.__doc__ = original.__doc__
    run_wsgi_app.__wrapped__ = original  # type: ignore[attr-defined]
    run_wsgi_app._hygiene_original = original  # type: ignore[attr-defined]
    return run_wsgi_app


def _agree(stack: Stack, other: Stack) -> bool:
    """Whether two stacks are the same as far as both of them go: a deep one is cut off."""
    return all(one == another for one, another in zip(stack, other, strict=False))
