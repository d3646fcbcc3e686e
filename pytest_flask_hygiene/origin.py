"""Whose code is it?  Tells the reader's own code from test modules, libraries and the standard library.

The reader's code is everything that is neither the standard library nor an installed, non-editable
distribution; plus the project's own distribution wherever it is installed; plus what ``hygiene_source``
names.  An editable install is the reader's because its files do not lie below an install directory.
"""

from __future__ import annotations

import fnmatch
import os
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final, Literal

from .findings import Frame, Site
from .installed import (
    by_sysconfig,
    distribution_prefixes,
    install_prefixes,
    is_installed,
    is_plainly_stdlib,
    library_name,
)
from .stacks import Stack, line_of

#: ``ours``: this plugin's own frames, which no site shows.
Origin = Literal["app", "test", "library", "stdlib", "generated", "ours"]

OUR_DIRECTORY: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep

#: Never the reader's, even where they are installed editable or are the project under test: what they keep
#: alive by themselves is counted and named.  Their maintainers opt in with ``hygiene_source``.
FRAMEWORKS: Final = (
    "flask",
    "werkzeug",
    "jinja2",
    "click",
    "itsdangerous",
    "markupsafe",
    "blinker",
    "pytest",
    "_pytest",
    "pluggy",
)

#: Folders above rootdir in which the project's own files are looked for.
_MAX_PARENTS: Final = 3
_ASYNCIO: Final = f"{os.sep}asyncio{os.sep}"
#: Names of the threads of the loop's default executor and of its child watcher: they end with the loop or
#: with the process.
_ASYNCIO_THREADS: Final = ("asyncio_", "waitpid-")
_PYTHON_SUFFIXES: Final = ("", ".py", ".pyw", ".pyc", ".pyx")


class OriginMap:
    """Tells of a source file whose code it is.  Each file is classified once."""

    def __init__(
        self,
        rootpath: Path,
        source: Iterable[str] = (),
        python_files: Iterable[str] = ("test_*.py", "*_test.py"),
    ) -> None:
        """``source``: the ini option ``hygiene_source``; ``python_files``: pytest's."""
        self._rootpath = rootpath
        self._python_files = tuple(python_files)
        self._source_paths = tuple(path for entry in source for path in self._paths_of_source(entry))
        self._known: dict[str, Origin] = {}
        self._own: tuple[str, ...] | None = None
        self._test_files: set[str] = set()

    def add_test_file(self, path: str) -> None:
        """A module that pytest collected tests from, whatever it is called."""
        self._test_files.add(path)

    def __call__(self, filename: str) -> Origin:
        origin = self._known.get(filename)
        if origin is None:
            origin = self._known[filename] = self._classify(filename)
        return origin

    def is_reader(self, filename: str) -> bool:
        """Whether it is the reader's own code, tests included."""
        return self(filename) in ("app", "test")

    def _classify(self, filename: str) -> Origin:
        if filename.startswith("<doctest "):
            return "test"
        if filename.startswith("<") or not filename:
            return "stdlib" if filename.startswith("<frozen ") else "generated"
        if os.path.splitext(filename)[1] not in _PYTHON_SUFFIXES:
            # Compiled from something else: a Jinja template's frames name its .html file.
            return "generated"
        path = os.path.abspath(filename)
        if path.startswith(OUR_DIRECTORY):
            return "ours"
        if path.startswith(self._source_paths):
            return "test" if self._is_test(path) else "app"
        if path.startswith(_framework_prefixes()):
            return "library"
        if self._is_test(path):
            return "test"
        if is_plainly_stdlib(path):
            return "stdlib"
        if is_installed(path):
            return "app" if path.startswith(self._own_distribution()) else "library"
        return by_sysconfig(path)

    def _is_test(self, path: str) -> bool:
        if path in self._test_files:
            return True
        return self._looks_like_test(path) and not is_installed(path)

    def _looks_like_test(self, path: str) -> bool:
        name = os.path.basename(path)
        if name == "conftest.py" or any(fnmatch.fnmatch(name, pattern) for pattern in self._python_files):
            return True
        try:
            parents = Path(path).relative_to(self._rootpath).parts[:-1]
        except ValueError:
            return False
        return "tests" in parents or "test" in parents

    def _own_distribution(self) -> tuple[str, ...]:
        """Where the project under test is installed, if it is."""
        if self._own is None:
            name = project_name(self._rootpath)
            self._own = tuple(distribution_prefixes(name)) if name else ()
        return self._own

    def _paths_of_source(self, entry: str) -> list[str]:
        """``entry``: a path, the name of a distribution, or that of an importable package or module."""
        path = (self._rootpath / entry).resolve()
        if path.is_dir():
            return [str(path) + os.sep]
        if path.is_file():
            return [str(path)]
        found = distribution_prefixes(entry)
        for directory in install_prefixes(tuple(sys.path)):
            base = os.path.join(directory, *entry.split("."))
            if os.path.isdir(base):
                found.append(base + os.sep)
            elif os.path.isfile(base + ".py"):
                found.append(base + ".py")
        return found

    def site(self, stack: Stack) -> Site:
        """Turn a recorded stack into text: the reader's frames, innermost last."""
        return self._site((code.co_filename, code.co_name, (code, offset)) for code, offset in stack)

    def site_of_frames(self, frames: Iterable[Frame]) -> Site:
        """The same for a stack of another process, innermost first."""
        return self._site((frame.path, frame.function, frame.line) for frame in frames)

    def _site(self, stack: Iterable[tuple[str, str, int | tuple[CodeType, int]]]) -> Site:
        frames: list[Frame] = []
        innermost: Frame | None = None
        library = ""
        for path, function, where in stack:
            origin = self(path)
            if origin == "ours":
                continue
            if origin in ("app", "test"):
                frames.append(Frame(path, _line(where), function))
                innermost = innermost or frames[-1]
            elif innermost is None and origin == "library":
                innermost = Frame(path, _line(where), function)
                library = library_name(path)
        frames.reverse()
        return Site(tuple(frames), library, innermost)

    def starter_of_thread(self, name: str, files: Iterable[str]) -> Literal["reader", "library", "stdlib"]:
        """Whose code started a thread: that of the innermost frame that is not the standard library's.

        Except for workers of asyncio's own, which are the standard library's whoever uses the loop.
        ``files``: those of the stack that started it, innermost first.
        """
        asyncio = False
        for file in files:
            origin = self(file)
            if origin == "library":
                return "library"
            if origin in ("app", "test"):
                return "stdlib" if asyncio and name.startswith(_ASYNCIO_THREADS) else "reader"
            asyncio = asyncio or _ASYNCIO in file
        return "stdlib"


def _line(where: int | tuple[CodeType, int]) -> int:
    return where if isinstance(where, int) else line_of(*where)


def _framework_prefixes() -> tuple[str, ...]:
    """Where the frameworks that are imported by now lie."""
    modules = (sys.modules.get(name) for name in FRAMEWORKS)
    # A test may have put anything there.
    files = (vars(module).get("__file__") for module in modules if type(module) is ModuleType)
    return tuple(_module_prefix(file) for file in files if isinstance(file, str))


@cache
def _module_prefix(file: str) -> str:
    """What the path of each file of a module begins with: a package's directory, or the module's own file."""
    path = os.path.abspath(file)
    return os.path.dirname(path) + os.sep if os.path.basename(path) == "__init__.py" else path


def project_name(rootpath: Path) -> str:
    """The name of the project that ``rootpath`` belongs to; empty if no file says it.

    A suite may have a ``pytest.ini`` of its own in ``tests/``, so the folders above are looked at too.
    """
    for folder in (rootpath, *list(rootpath.parents)[:_MAX_PARENTS]):
        name = _name_in_pyproject(folder / "pyproject.toml")
        name = name or _name_by_pattern(folder / "setup.cfg", r"^\[metadata\][^\[]*?^name\s*=\s*(\S+)")
        name = name or _name_by_pattern(folder / "setup.py", r"""\bname\s*=\s*["']([\w.-]+)["']""")
        if name:
            return name
    return ""


def _name_in_pyproject(path: Path) -> str:
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return ""
    if "[project]" not in text:
        return ""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        name = tomllib.loads(text).get("project", {}).get("name", "")
    except tomllib.TOMLDecodeError:
        return ""
    return name if isinstance(name, str) else ""


def _name_by_pattern(path: Path, pattern: str) -> str:
    try:
        found = re.search(pattern, path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    except (OSError, UnicodeDecodeError):
        return ""
    return found.group(1) if found else ""
