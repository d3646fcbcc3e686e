"""How to mend what a process of the development server leaves behind."""

from __future__ import annotations

import os
import re
from typing import Final

from ..advice import IN_ASYNC_VIEW
from ..advice import advise as advise_in_tests
from ..findings import Finding
from .events import Data

_PER_REQUEST: Final = "open one per request, keep it in g, and close it in @app.teardown_appcontext"
_ONE_THREAD: Final = "sqlite3 lets only the thread that opened a connection close it"
_JOIN: Final = "have an atexit hook tell the thread to stop, and join it"

#: What opens each kind.
_CALLS: Final = {
    "sqlite": r"(?:\w+\.)*connect",
    "file": r"open|(?:\w+\.)+open(?:_resource|_text|_binary)?",
    "socket": r"(?:\w+\.)*(?:socket|create_connection|create_server)",
    "subprocess": r"(?:\w+\.)*Popen",
    "tempdir": r"(?:\w+\.)*mkdtemp",
    "event-loop": r"(?:\w+\.)*new_event_loop",
}

#: For a thread that Python has to wait for.
WAITED: Final = (
    f"start it with daemon=True (Python waits for all others before it runs atexit hooks), and {_JOIN}"
)
WAITED_FOR_EXECUTOR: Final = (
    "keep an executor's tasks short, or let them look now and then at an Event that ends them: Python waits "
    "for them before it runs atexit hooks"
)
#: For a daemon thread that is simply cut off.
CUT_OFF: Final = _JOIN
#: For what the parent imports, and never uses.
IN_PARENT: Final = "it imports the application, too, and only watches the child: open it on first use instead"


def advise(finding: Finding, birth: Data) -> str:
    """For what is held, or was dropped."""
    kind = birth["kind"]
    if birth["engine"]:
        return _engine(birth)
    if birth["in_request"]:
        return _in_request(finding, kind)
    if _is_in_async_view(birth):
        return IN_ASYNC_VIEW if kind == "sqlite" else _in_request(finding, kind)
    if birth["state"] == "dropped":
        # Nobody has it any more, so no hook could close it.
        return advise_in_tests(finding)
    name = _name(finding, kind)
    if kind == "event-loop":
        stop = "loop.call_soon_threadsafe(loop.stop)"
        return f"stop it when the process ends ({stop}), join its thread, and close it"
    if not birth["in_main_thread"]:
        return f"let the thread close it when it ends, and {_JOIN}"
    if kind == "subprocess":
        return "end it when the process ends: an atexit hook that calls terminate() and wait()"
    if kind == "tempdir":
        return f"remove it when the process ends: atexit.register(shutil.rmtree, {name or 'path'})"
    if birth["raw"]:
        return f"close it when the process ends: atexit.register(os.close, {name or 'descriptor'})"
    if kind == "sqlite":
        at_exit = f"atexit.register({name or 'connection'}.close)"
        return f"close it when the process ends: {at_exit}; or {_PER_REQUEST}"
    at_exit = f"atexit.register({name}.close)" if name else "an atexit hook that calls close()"
    return f"close it when the process ends: {at_exit}; or open it where it is used"


def _is_in_async_view(birth: Data) -> bool:
    """asgiref runs it in a thread of its own, which the reader has not started."""
    return not birth["in_main_thread"] and any(
        f"{os.sep}asgiref{os.sep}" in path for path, _, _ in birth["stack"]
    )


def _engine(birth: Data) -> str:
    if any("flask_sqlalchemy" in path for path, _, _ in birth["stack"]):
        return (
            "have the pool closed when the process ends: with app.app_context(): atexit.register("
            "db.engine.dispose)"
        )
    return "have the engine's pool closed when the process ends: atexit.register(engine.dispose)"


def _in_request(finding: Finding, kind: str) -> str:
    code = finding.site.frame.code if finding.site.frame is not None else ""
    if kind == "subprocess":
        return "use subprocess.run(), or wait() for it"
    if kind == "event-loop":
        return "use asyncio.run(...)"
    if kind == "tempdir":
        return "use a with block: with tempfile.TemporaryDirectory() as path:"
    if kind != "sqlite":
        text = "close it where the request is answered: a with block, or g and @app.teardown_appcontext"
        if finding.state == "left_open":
            text += "; if it is meant to live on, have an atexit hook close it"
        return text
    if "check_same_thread" in code:
        return f"{_PER_REQUEST}; or keep a list of all of them, and close those in an atexit hook"
    return f"{_PER_REQUEST}. atexit alone does not help: its hooks run in the main thread, and {_ONE_THREAD}"


def _name(finding: Finding, kind: str) -> str:
    """The variable that the opened resource itself is assigned to."""
    frame = finding.site.frame
    found = re.match(
        rf"([A-Za-z_]\w*)\s*(?::[^=]+)?=\s*(?:{_CALLS.get(kind, '(?!)')})\([^()]*(?:\([^()]*\)[^()]*)*\)?$",
        frame.code if frame is not None else "",
    )
    return found[1] if found else ""


def advise_hook(error: str) -> str:
    """For an ``atexit`` hook that failed."""
    if error.startswith("ProgrammingError") and "thread" in error:
        return (
            f"atexit hooks run in the main thread, and {_ONE_THREAD}: {_PER_REQUEST}; a thread that lives on "
            "closes its own when it ends"
        )
    return "mend the hook; what it should have closed stays open"
