"""The HTML report's words for each kind, for a reader who knows none of our documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Final

from ..findings import A_TRACEBACK
from .data import Data

NAMES: Final[dict[str, str]] = {
    "response": "Streamed response",
    "file": "File",
    "socket": "Socket",
    "sqlite": "SQLite connection",
    "subprocess": "Subprocess",
    "tempdir": "Temporary directory",
    "event-loop": "Event loop",
    "thread": "Thread",
    "context": "Flask context",
    "cycle": "Exception",
    "other": "Resource",
}

#: Why a leak of this kind matters.
WHY: Final[dict[str, str]] = {
    "response": "The file or the generator that it sends from stays open, and the view's clean-up code does "
    "not run.",
    "file": "It is open until Python happens to free it, at once or much later: what was written to it may "
    "not be on the disk yet, and a process may have only so many open files.",
    "socket": "It is open until the garbage collector happens by: the other side waits, and its port may "
    "stay taken.",
    "sqlite": "It is open until the garbage collector happens by, with its locks: another test, or "
    "another request, may find the database locked.",
    "subprocess": "It may run on during other tests; when it ends, it stays in the process table until "
    "somebody waits for it.",
    "tempdir": "It stays on the disk until the garbage collector happens by, or for good.",
    "event-loop": "Its selector and two sockets stay open.",
    "thread": "It runs on during other tests, and may use what they have changed.",
    "context": "What comes next would run in this context: with its current_app, its g and its request.",
    "cycle": "The exception refers to its traceback, the traceback to the function's frame, and the frame's "
    "variable to the exception. So none of them is freed when the function returns, nor is anything else "
    "that the functions on the traceback had in their variables: connections, files, requests.",
    "other": "",
}

#: The same for what somebody still refers to; a thread and a context hold themselves.
_WHY_HELD: Final = (
    "The test, fixture or import that opened it has ended, and it is still open: something refers to it, and "
    "keeps it so."
)

OUTCOMES: Final[dict[str, str]] = {
    "fails": "fails",
    "would-fail": "would fail",
    "listed": "listed",
    "allowed": "allowed",
}

OWNERS: Final[dict[str, str]] = {
    "test": "a test",
    "fixture": "a fixture",
    "import": "an import",
    "server": "the development server",
    "outside": "outside tests",
}

#: By kind, a part of the advice, and what it looks like when it is mended; the first that fits is shown.
EXAMPLES: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "sqlite",
        "@app.teardown_appcontext",
        """
        def close_{name}(error=None):
            {name} = g.pop("{name}", None)
            if {name} is not None:
                {name}.close()

        app.teardown_appcontext(close_{name})  # where the app is made
        """,
    ),
    (
        "sqlite",
        "after the yield",
        """
        @{fixture}
        def {owner}():
            with contextlib.closing(sqlite3.connect(path)) as connection:
                yield connection
        """,
    ),
    (
        "sqlite",
        "contextlib.closing",
        """
        with contextlib.closing(sqlite3.connect(path)) as connection:
            ...  # all that uses the connection
        """,
    ),
    (
        "file",
        "after the yield",
        """
        @{fixture}
        def {owner}(...):
            with open(...) as file:
                ...
                yield file
        """,
    ),
    ("file", "pathlib", 'text = Path(...).read_text(encoding="utf-8")'),
    (
        "file",
        "with open(...) as file",
        """
        with open(...) as file:
            ...  # all that reads or writes it
        """,
    ),
    (
        "socket",
        "after the yield",
        """
        @{fixture}
        def {owner}():
            with socket.socket() as sock:
                yield sock
        """,
    ),
    (
        "socket",
        "with block",
        """
        with socket.create_connection(address) as sock:
            ...  # all that uses it; pass, if nothing does
        """,
    ),
    (
        "subprocess",
        "subprocess.Popen",
        """
        with subprocess.Popen(command) as process:
            ...  # what goes on meanwhile

        subprocess.run(command, check=True)  # or, if nothing does
        """,
    ),
    (
        "tempdir",
        "TemporaryDirectory",
        """
        with tempfile.TemporaryDirectory() as path:
            ...  # all that uses the directory
        """,
    ),
    ("event-loop", "asyncio.run", "result = asyncio.run(main())  # makes a loop, and closes it"),
    (
        "context",
        "addCleanup",
        """
        def setUp(self):
            context = app.app_context()
            context.push()
            self.addCleanup(context.pop)
        """,
    ),
    (
        "context",
        "with app.test_request_context(...)",
        """
        @{fixture}
        def {owner}(...):
            with app.test_request_context(...):
                yield app
        """,
    ),
    (
        "context",
        "yield inside",
        """
        @{fixture}
        def {owner}(...):
            with app.app_context():
                yield app
        """,
    ),
    (
        "context",
        "with app.app_context()",
        """
        with app.app_context():
            ...  # what needs the context
        """,
    ),
    (
        "thread",
        "ThreadPoolExecutor",
        """
        with ThreadPoolExecutor() as pool:
            ...  # waits for its tasks at the end
        """,
    ),
    (
        "cycle",
        "del ",
        """
        except ... as e:
            {variable} = str(e)  # what is needed of it later, not the exception itself
        """,
    ),
    (
        "response",
        "with client.get",
        """
        with client.get(...) as response:
            assert response.data
        """,
    ),
)

#: A call in an advice, with brackets in its arguments two deep, and what is called of its result.
_CALL: Final = r"[\w.]*\w\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)(?:\.\w+(?:\([^()]*\))?)*"
_CODE: Final = re.compile(
    rf"(with {_CALL}(?: as \w+)?:?(?: yield \w+)?|@\w[\w.]*|\bdel \w[\w.\[\]'\"]*|{_CALL}"
    r"|\b(?:tmp_path|current_app|daemon=True)\b|\bg\b(?=[,. ]))"
)


def marked(text: str) -> Iterator[tuple[bool, str]]:
    """The parts of a sentence, each with whether it is code."""
    for number, part in enumerate(_CODE.split(text)):
        if part:
            yield number % 2 == 1, part


def example(finding: Data) -> str:
    """How it may look when it is mended; empty where we know no short way to show it."""
    advice = finding["advice"]
    for kind, part, code in EXAMPLES:
        if kind == finding["kind"] and part in advice:
            in_g = re.search(r'g\.pop\("(\w+)", None\)', advice)
            if "{name}" in code and in_g is None:
                continue
            owner, variable = finding["owner"]["name"], finding["variable"] or "error"
            names = {
                "{name}": in_g[1] if in_g else "",
                "{fixture}": _decorator(finding["owner"]["scope"]),
                "{owner}": owner if owner.isidentifier() else "resource",
                "{variable}": variable if variable.isidentifier() else "error",
            }
            for name, value in names.items():
                code = code.replace(name, value)
            return dedent(code).strip()
    return ""


def _decorator(scope: str) -> str:
    wider = scope in ("class", "module", "package", "session")
    return f'pytest.fixture(scope="{scope}")' if wider else "pytest.fixture"


def why(finding: Data) -> str:
    """Why it matters."""
    if finding["state"] == "left_open" and finding["kind"] not in ("thread", "context", "subprocess"):
        return _WHY_HELD
    return WHY[finding["kind"]]


def state(finding: Data) -> str:
    """In plain words: ``File opened here and dropped without close()``."""
    if finding["kind"] == "cycle":
        if finding["message"].startswith(A_TRACEBACK):
            return "Traceback that keeps its frame alive through a variable"
        return "Exception that keeps itself alive through a variable"
    happened = str(finding["happened"])
    if re.match(r"(?:opened|started|created|pushed|sent)\b", happened):
        return f"{NAMES[finding['kind']]} {happened}"
    return happened[:1].upper() + happened[1:]
