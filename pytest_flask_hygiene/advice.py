"""What a finding is called in a failure text, and how to mend it."""

from __future__ import annotations

import linecache
import re
from typing import Final

from . import own_modules
from .findings import A_TRACEBACK, Finding

#: What happened to the resource, in the words of the failure text.
WHAT_HAPPENED: Final[dict[str, str]] = {
    "file": "opened here and dropped without close()",
    "socket": "opened here and dropped without close()",
    "sqlite": "opened here and dropped without close()",
    "subprocess": "started here and dropped without wait(), or without closing its pipes",
    "tempdir": "created here and dropped without cleanup()",
    "event-loop": "created here and dropped without close()",
    "context": "pushed here and never popped",
    "response": "sent here and never closed",
    "cycle": "an exception keeps itself alive through this variable",
    "thread": "started here and still running",
    "other": "a ResourceWarning was emitted here",
}

#: The same for what somebody still refers to.
STILL_OPEN: Final[dict[str, str]] = {
    "file": "opened here and still open",
    "socket": "opened here and still open",
    "sqlite": "opened here and still open",
    "subprocess": "started here, and nobody has waited for it or closed its pipes",
    "tempdir": "created here and still there",
    "event-loop": "created here and still open",
}

_DEFAULT: Final[dict[str, str]] = {
    "file": "use a with block: with open(...) as file:",
    "socket": "use a with block, or contextlib.closing(...)",
    "sqlite": "use contextlib.closing(sqlite3.connect(...)), or close() it where its owner ends",
    "subprocess": "use a with block: with subprocess.Popen(...) as process: (it closes the pipes and waits)",
    "tempdir": "use a with block: with tempfile.TemporaryDirectory() as path:, or pytest's tmp_path",
    "event-loop": "use asyncio.run(...) or asyncio.Runner(), or call loop.close()",
    "context": "push it with a with block: with app.app_context():, or with app.test_request_context():",
    "response": "use a with block: with client.get(...) as response:, or call response.close()",
    "cycle": "do not keep the exception in a variable of the frame that caught it: delete it in a "
    "finally block (del {variable}), or keep str(error) or traceback.format_exc() instead",
    "thread": "stop it and join() it before its owner ends; an executor: with ThreadPoolExecutor() as pool:",
    "other": "close the resource that the warning names",
}


#: Of a connection that an async view opened.
IN_ASYNC_VIEW: Final = (
    "use with contextlib.closing(sqlite3.connect(...)) as connection: in the view: an async view "
    "runs in a thread of its own, and sqlite3 lets only that one close the connection, so a teardown "
    "function can't"
)

#: Of contexts that are pushed in these functions, which no with block can span.
_AT_END: Final[dict[str, str]] = {
    "setUp": "pop it when the test ends: after context.push(), self.addCleanup(context.pop)",
    "setUpClass": "pop it when the class ends: after context.push(), cls.addClassCleanup(context.pop)",
    **{
        f"setup_{scope}": f"keep it in a variable, and pop() it in teardown_{scope}()"
        for scope in ("method", "class", "function", "module")
    },
}

_CLOSE_METHOD: Final = "give the object a close() method, and call it where the object's owner ends"


def what_happened(finding: Finding) -> str:
    """What happened to the resource, in the words of the failure text."""
    if finding.happened:
        return finding.happened
    if finding.state == "left_open" and finding.kind in STILL_OPEN:
        return STILL_OPEN[finding.kind]
    if is_of_traceback(finding):
        return "a traceback keeps its frame alive through this variable"
    return WHAT_HAPPENED[finding.kind]


def page_of(finding: Finding) -> str:
    """The page of the documentation about such findings: its path in this project's repository."""
    page = "dev-server" if finding.owner.scope == "server" else f"kinds/{finding.kind}"
    return f"docs/{page}.md"


def advise(finding: Finding) -> str:
    """One sentence that knows the pattern around the site, as far as the source shows it."""
    if finding.owner.scope == "held":
        return _held(finding)
    frame = finding.site.frame
    code = frame.code if frame is not None else ""
    special = _SPECIAL.get(finding.kind)
    text = special(finding, code) if special is not None and frame is not None else ""
    return text or _DEFAULT[finding.kind]


def _held(finding: Finding) -> str:
    """Of what a global, a cache or a pool holds."""
    text = f"close it where the session ends, say in a session fixture; {finding.holder} holds it"
    if "SQLAlchemy" in finding.message:
        return text.replace("close it", "call engine.dispose()", 1)
    if finding.holder.startswith("the cache of "):
        function = finding.holder.removeprefix("the cache of ").removesuffix("()")
        return f"{text}, and {function}.cache_clear() lets go of it"
    return text


def _file(finding: Finding, code: str) -> str:
    if re.search(r"\bsend_file\(|\bsend_from_directory\(", code):
        return (
            "the file belongs to a response that never reached a client: close it (response.close()), "
            "or read it inside with client.get(...) as response:"
        )
    if "FileHandler(" in code:
        return "remove the handler from its logger and close() it where its owner ends"
    if "mkstemp(" in code:
        return "os.close() the descriptor and remove the file; or use pytest's tmp_path"
    if _is_bound_to_self(code):
        return _CLOSE_METHOD
    resource = re.search(r"((?:\w+\.)*\w+\.open_(?:instance_)?resource)\(", code)
    if resource:
        return f"use a with block: with {resource[1]}(...) as file:"
    if _is_opened_in_fixture(finding):
        return _in_fixture("with open(...) as file: yield file")
    if re.search(r"\bopen\([^)]*\)\.(read|write)", code):
        return "use pathlib: Path(...).read_text() closes the file, open(...).read() does not"
    return ""


def _sqlite(finding: Finding, code: str) -> str:
    if "SQLAlchemy" in finding.message:
        return (
            "call engine.dispose() where its owner ends; with Flask-SQLAlchemy, in the fixture that made the "
            "app: with app.app_context(): db.engine.dispose()"
        )
    if re.search(r"\bwith\b.*\bconnect\(", code):
        return (
            "with sqlite3.connect(...) commits but does not close: use "
            "with contextlib.closing(sqlite3.connect(...)) as connection:"
        )
    in_g = re.search(r"\bg\.(\w+)\s*=", code)
    if in_g and _is_in_async_view(finding):
        return IN_ASYNC_VIEW
    if in_g:
        name = in_g.group(1)
        closing = f'if ({name} := g.pop("{name}", None)): {name}.close()'
        return f"close it when the context ends: @app.teardown_appcontext, {closing}"
    if finding.owner.scope == "import":
        return "close it with atexit.register(connection.close), or open it where it is used"
    if _is_bound_to_self(code):
        return _CLOSE_METHOD
    if _is_opened_in_fixture(finding):
        return _in_fixture("with contextlib.closing(sqlite3.connect(...)) as connection: yield connection")
    return ""


def _socket(finding: Finding, code: str) -> str:
    if _is_bound_to_self(code):
        return _CLOSE_METHOD
    if _is_opened_in_fixture(finding):
        return _in_fixture("with socket.socket() as sock: yield sock")
    return ""


def _tempdir(_: Finding, code: str) -> str:
    if "mkdtemp(" in code:
        return "remove it with shutil.rmtree(), or use pytest's tmp_path"
    return ""


def _thread(_: Finding, code: str) -> str:
    if re.search(r"\.submit\(|\.map\(", code):
        return "shut the executor down: with ThreadPoolExecutor() as pool:, or pool.shutdown()"
    if "Timer(" in code:
        return "cancel() it before its owner ends"
    return ""


def _context(finding: Finding, code: str) -> str:
    frame = finding.site.frame
    at_end = _AT_END.get(frame.function if frame is not None else "")
    if at_end:
        return at_end
    if "__enter__" in code:
        return "leave it too (__exit__), or better, use a with block"
    if "enter_context(" in code:
        return "close the ExitStack, too: with contextlib.ExitStack() as stack:"
    if _is_opened_in_fixture(finding):
        if finding.message.startswith("RequestContext"):
            return "yield inside the context: with app.test_request_context(...): yield app"
        return "yield inside the context: with app.app_context(): yield app"
    return ""


def _cycle(finding: Finding, _: str) -> str:
    variable = finding.variable or "error"
    if is_of_traceback(finding):
        return (
            f"do not keep a traceback in {variable}, for it refers to the frame: delete it in a finally "
            "block, or keep traceback.format_exc() instead"
        )
    if "." in variable or "[" in variable:
        return (
            f"{variable} refers to the exception, whose traceback refers back: keep str(error) or "
            "traceback.format_exc() instead, or clear it when it has been handled"
        )
    return _DEFAULT["cycle"].format(variable=variable)


def is_of_traceback(finding: Finding) -> bool:
    """Whether a cycle keeps a traceback alive whose exception is gone."""
    return finding.kind == "cycle" and finding.message.startswith(A_TRACEBACK)


def _in_fixture(example: str) -> str:
    return f"close it after the yield, or yield inside a with block: {example}"


def _is_opened_in_fixture(finding: Finding) -> bool:
    """In the fixture's own function, and not in the application that it calls."""
    owner, frame = finding.owner, finding.site.frame
    if not owner.is_fixture or frame is None or frame.path != owner.path:
        return False
    return frame.function == (owner.name if owner.code is None else owner.code.co_name)


def _is_in_async_view(finding: Finding) -> bool:
    """asgiref runs a view in a thread of its own, so the view is the outermost of the reader's frames."""
    outermost = finding.site.frames[0]
    if finding.owner.name.startswith(outermost.function):
        return False
    definition = re.compile(rf"\s*(async\s+)?def\s+{re.escape(outermost.function)}\b")
    with own_modules():
        lines = linecache.getlines(outermost.path)[: outermost.line]
    found = next(filter(None, map(definition.match, reversed(lines))), None)
    return found is not None and found[1] is not None


def _is_bound_to_self(code: str) -> bool:
    """``self.file = open(...)``"""
    return bool(re.match(r"self\.\w+\s*=", code))


_SPECIAL: Final = {
    "file": _file,
    "sqlite": _sqlite,
    "socket": _socket,
    "context": _context,
    "tempdir": _tempdir,
    "thread": _thread,
    "cycle": _cycle,
}
