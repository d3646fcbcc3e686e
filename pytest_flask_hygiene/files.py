"""Which descriptor and name a file object has, without calling anything of the user's."""

from __future__ import annotations

import io
import os
import tempfile
from typing import Any, Final

TEMPFILE: Final = tempfile.__file__


def descriptor_and_name(file: object) -> tuple[int | None, object]:
    """Of a real file only, and without calling anything of the user's.

    ``fileno()`` has side effects elsewhere: it writes a ``SpooledTemporaryFile`` to disk.
    """
    name: object = None
    for _ in range(5):
        cls = type(file)
        if issubclass(cls, io.FileIO):
            raw: Any = file
            try:
                return io.FileIO.fileno(raw), name if name is not None else getattr(raw, "name", None)
            except ValueError:
                return None, name
        if issubclass(cls, io.TextIOWrapper):
            attribute = "buffer"
        elif issubclass(cls, (io.BufferedReader, io.BufferedWriter, io.BufferedRandom)):
            attribute = "raw"
        elif issubclass(cls, tempfile._TemporaryFileWrapper):
            attribute = "file"
        elif issubclass(cls, tempfile.SpooledTemporaryFile) and vars(file).get("_rolled"):
            attribute = "_file"
        else:
            break
        try:
            file = getattr(file, attribute)
        except ValueError:  # detached
            break
    return None, name


def is_open_descriptor(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def same_name(opened: object, name: object) -> bool:
    """Whether a file's ``name`` agrees with what was opened (temporary files are named by a number)."""
    if isinstance(opened, int):
        return opened == name
    if not isinstance(opened, str) or not isinstance(name, (str, bytes)):
        return True
    return opened == os.fsdecode(name)


def is_open_file(thing: object) -> bool:
    """Whether it is a file object, and open."""
    files = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.FileIO)
    return issubclass(type(thing), files) and not is_closed_file(thing)


def is_closed_file(file: object) -> bool:
    """Whether a file object's raw file is closed; False for anything but a file."""
    for attribute in ("buffer", "raw"):
        if issubclass(
            type(file), (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom)
        ):
            try:
                file = getattr(file, attribute, file)
            except ValueError:  # detached
                return True
    if issubclass(type(file), io.FileIO):
        raw: Any = file
        return bool(io.FileIO.closed.__get__(raw))
    return False
