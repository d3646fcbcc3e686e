"""How to mend what a process of the development server leaves behind."""

from __future__ import annotations

import re
from typing import Final

from ..findings import Finding
from .events import Data

_PER_REQUEST: Final = "open one per request, keep it in g, and close it in @app.teardown_appcontext"
_ONE_THREAD: Final = "sqlite3 lets only the thread that opened a connection close it"
_JOIN: Final = "have an atexit hook tell the thread to stop, and join it"


def advise(finding: Finding, birth: Data) -> str:
    """For what is held, or was dropped."""
    code = finding.site.frame.code if finding.site.frame is not None else ""
    if birth["kind"] == "sqlite" and "SQLAlchemy" in birth["text"]:
        return "have the engine's pool closed when the process ends: atexit.register(engine.dispose)"
    if birth["in_request"]:
        return _in_request(birth["kind"], code)
    if not birth["in_main_thread"]:
        return f"let the thread close it when it ends, and {_JOIN}"
    name = _name(code)
    if birth["kind"] == "sqlite":
        at_exit = f"atexit.register({name or 'connection'}.close)"
        return f"close it when the process ends: {at_exit}; or {_PER_REQUEST}"
    if birth["kind"] == "subprocess":
        return "end it when the process ends: an atexit hook that calls terminate() and wait()"
    if birth["kind"] == "tempdir":
        return "remove it when the process ends: atexit.register(shutil.rmtree, path)"
    return (
        f"close it when the process ends: atexit.register({name or 'it'}.close); or open it where it is used"
    )


def _in_request(kind: str, code: str) -> str:
    if kind != "sqlite":
        return "close it where the request is answered: a with block, or g and @app.teardown_appcontext"
    if "check_same_thread" in code:
        return f"{_PER_REQUEST}; or keep a list of all of them, and close those in an atexit hook"
    return f"{_PER_REQUEST}. atexit alone does not help: its hooks run in the main thread, and {_ONE_THREAD}"


def _name(code: str) -> str:
    """The variable that it is assigned to."""
    found = re.match(r"((?:\w+\.)*\w+)\s*(?::[^=]+)?=[^=]", code)
    return found[1] if found and not found[1].startswith("self.") else ""


#: For a thread that Python has to wait for.
WAITED: Final = (
    f"start it with daemon=True (Python waits for all others before it runs atexit hooks), and {_JOIN}"
)
#: For a daemon thread that is simply cut off.
CUT_OFF: Final = _JOIN
#: For what the parent imports, and never uses.
IN_PARENT: Final = (
    "the reloader's parent process imports the application, too, and only watches the child: open it on "
    "first use (in a function), not in an import"
)


def advise_hook(error: str) -> str:
    """For an ``atexit`` hook that failed."""
    if error.startswith("ProgrammingError") and "thread" in error:
        return (
            f"atexit hooks run in the main thread, and {_ONE_THREAD}: {_PER_REQUEST}; a thread that lives on "
            "closes its own when it ends"
        )
    return "mend the hook; what it should have closed stays open"
