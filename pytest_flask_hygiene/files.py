"""What is known of a file object, without calling anything of the user's.

``file.fileno()`` would not do: it writes a ``SpooledTemporaryFile`` to disk, and a subclass may replace it,
as it may replace ``name``, ``raw`` and ``buffer``.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

TEMPFILE: Final = tempfile.__file__
#: The base class of all file objects.  Not ``io.IOBase``: an abstract base class asks a class for its hash.
FILES: Final[type] = io.FileIO.__mro__[-2]
_attributes_of: Final = FILES.__dict__["__dict__"].__get__
#: Each class whose instances wrap another file object, and what gets that object.
_WRAPPERS: Final[tuple[tuple[type, Callable[[Any], object]], ...]] = (
    (io.TextIOWrapper, io.TextIOWrapper.__dict__["buffer"].__get__),
    *(
        (cls, cls.__dict__["raw"].__get__)
        for cls in (io.BufferedReader, io.BufferedWriter, io.BufferedRandom)
    ),
)
#: On Windows a spooled file is a temporary file around a text file over a buffer over a raw file.
_MAX_WRAPPERS: Final = 5
#: ``PosixPath`` or ``WindowsPath``.
_PATH: Final = type(Path())


def raw_file(file: object) -> io.FileIO | None:
    """The raw file that a file object reads and writes through; None if it has none (``io.BytesIO``)."""
    for _ in range(_MAX_WRAPPERS):
        if file is None:
            return None
        if issubclass(type(file), io.FileIO):
            return file  # type: ignore[return-value]
        file = _wrapped_by(file)
    return None


def _wrapped_by(file: object) -> object:
    cls = type(file)
    for wrapper, get in _WRAPPERS:
        if issubclass(cls, wrapper):
            return get(file)
    if issubclass(cls, tempfile._TemporaryFileWrapper):
        return vars(file).get("file")
    if issubclass(cls, tempfile.SpooledTemporaryFile) and vars(file).get("_rolled"):
        return vars(file).get("_file")
    return None


def descriptor_and_name(file: object) -> tuple[int | None, object]:
    """The descriptor of an open file, and the name that it was opened by: a path as text, or a descriptor.

    Both are None for a closed file, and for what has no descriptor (``io.BytesIO``).
    """
    raw = raw_file(file)
    if raw is None or is_closed(raw):
        return None, None
    return io.FileIO.fileno(raw), name_of(raw)


def is_closed(raw: io.FileIO) -> bool:
    """Past a subclass's ``closed``."""
    return bool(io.FileIO.closed.__get__(raw))


def name_of(raw: io.FileIO) -> object:
    """The name that a raw file was opened by: a path as text, or a descriptor; None if it is neither."""
    name = _attributes_of(raw).get("name")
    return name if type(name) is int else text_of(name)


def has_name(raw: io.FileIO) -> bool:
    """False in the middle of the opening, which gives a name last; or if its class keeps that elsewhere."""
    return "name" in _attributes_of(raw)


def text_of(path: object) -> str | None:
    """A path as text; None for a class of the user's, whose ``__fspath__`` may do anything."""
    if type(path) is str:
        return path
    if type(path) is bytes:
        return os.fsdecode(path)
    return str(path) if type(path) is _PATH else None


def same_name(opened: object, name: object) -> bool:
    """Whether a file's ``name`` agrees with what was opened (temporary files are named by a number)."""
    if isinstance(opened, int):
        return opened == name
    if not isinstance(opened, str) or not isinstance(name, str):
        return True
    return opened == name


def is_open_file(thing: object) -> bool:
    """Whether it is a file with a descriptor, and open."""
    raw = raw_file(thing)
    return raw is not None and not is_closed(raw)


def is_closed_file(thing: object) -> bool:
    """Whether it is a file that had a descriptor, and closed."""
    raw = raw_file(thing)
    return raw is not None and is_closed(raw)


def is_open_descriptor(descriptor: int) -> bool:
    """Whether the process has something open under this number."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
