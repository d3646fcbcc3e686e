"""How one object refers to another, in words.  Nothing of the user's is called."""

from __future__ import annotations

import functools
import gc
import inspect
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import (
    CellType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodType,
    TracebackType,
)
from typing import Any, Final

from ..static_attributes import LRU_CACHE, class_namespaces, is_one_of, namespace

#: ``frame.f_locals`` is a proxy and no dictionary (PEP 667).
_HAS_PROXIES: Final = sys.version_info >= (3, 13)
#: A running frame of Python 3.11 and 3.12 does not tell the garbage collector what it refers to.
SEES_RUNNING_FRAMES: Final = sys.version_info >= (3, 13) or sys.version_info < (3, 11)
#: Characters of a dictionary's key that are shown.
_MAX_KEY: Final = 80
#: A larger number is an ``id()``, or a thread's: another one in each run.
_MAX_INDEX: Final = 2**31
#: The attributes of built-in types that refer to other objects and stand in no ``__dict__``.
_SLOTS: Final = {
    FunctionType: ("__defaults__", "__kwdefaults__"),
    MethodType: ("__self__", "__func__"),
    TracebackType: ("tb_frame", "tb_next"),
    functools.partial: ("func", "args", "keywords"),
}
_WITH_FRAME: Final = (GeneratorType, CoroutineType)
_OF_EXCEPTION: Final = ("__traceback__", "__cause__", "__context__", "args")


def steps(objects: Sequence[Any], *, garbage: bool = False) -> Iterator[tuple[str, Any]]:
    """From each object to the next: the words of :func:`label`, and the next object.

    An instance's ``__dict__`` or a closure's cell is left out: the step goes through it, to what it holds.
    ``garbage``: the objects' frames have ended, and nobody has a dictionary of their variables.
    """
    holder = objects[0]
    for target in objects[1:-1]:
        if not _is_between(holder, target):
            yield label(holder, target, garbage=garbage), target
            holder = target
    yield label(holder, objects[-1], garbage=garbage), objects[-1]


def values_of(frame: FrameType, holder: object) -> list[Any]:
    """What the local variables of a frame refer to, which may still run.

    ``holder`` is the frame, or the generator whose frame it is.  Before Python 3.13 ``frame.f_locals`` makes
    a dictionary that the frame keeps, so that the values would live longer, or rewrites the one that the
    user got from ``locals()``.
    """
    # Without that flag the frame is a module's or a class body's, and has its namespace itself as f_locals.
    if _HAS_PROXIES or not frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        return list(frame.f_locals.values())
    referents = gc.get_referents(frame if sys.version_info < (3, 11) else holder)
    return [
        each
        for each in referents
        if each is not frame.f_globals and each is not frame.f_builtins and type(each) is not FrameType
    ]


def label(holder: Any, target: Any, *, garbage: bool = False) -> str:
    """How ``holder`` refers to ``target``; empty if that can't be told.

    ``.errors`` (an attribute), ``[0]`` or ``['main']`` (an item), ``error`` (a local variable).
    """
    cls = type(holder)
    if issubclass(cls, dict):
        return _item(next((key for key, value in list(dict.items(holder)) if value is target), None))
    if issubclass(cls, (list, tuple)):
        values = (list if issubclass(cls, list) else tuple).__iter__(holder)
        number = next((n for n, value in enumerate(values) if value is target), None)
        return "[...]" if number is None else f"[{number}]"
    if issubclass(cls, (set, frozenset, deque)):
        return "[...]"
    if cls is FrameType:
        return _local(holder, target, garbage)
    if is_one_of(cls, _WITH_FRAME):
        frame = holder.gi_frame if cls is GeneratorType else holder.cr_frame
        return _local(frame, target, garbage) if frame is not None else ""
    if cls is LRU_CACHE:
        return "a cached result"
    if type(target) is FrameType and issubclass(cls, threading.Thread):
        return "runs"
    if cls is FunctionType and (name := _of_closure(holder, target)):
        return name
    name = _attribute(holder, target)
    return f".{name}" if name else ""


def _attribute(holder: Any, target: Any) -> str:
    """The name of the attribute of ``holder`` that ``target`` is."""
    cls = type(holder)
    if issubclass(cls, BaseException):
        for name in _OF_EXCEPTION:
            if vars(BaseException)[name].__get__(holder) is target:
                return name
    for known, names in _SLOTS.items():
        if issubclass(cls, known):
            for name in names:
                if vars(known)[name].__get__(holder) is target:
                    return name
    # A copy: another thread may change it meanwhile.
    for name, value in list(namespace(holder).items()):
        if value is target:
            return name if type(name) is str else ""
    for attributes in class_namespaces(cls):
        for name, member in attributes.items():
            if type(member) is MemberDescriptorType and _slot(member, holder) is target:
                return name
    return ""


def _slot(member: MemberDescriptorType, holder: Any) -> Any:
    """The value of one of a class's ``__slots__``; None where it is empty."""
    try:
        return member.__get__(holder)
    except AttributeError:
        return None


def _is_between(holder: Any, target: Any) -> bool:
    """Whether ``target`` is only where ``holder`` keeps its attributes or variables."""
    cls = type(target)
    if cls is dict:
        return type(holder) is LRU_CACHE or issubclass(type(holder), type) or namespace(holder) is target
    if cls is FrameType:
        return is_one_of(type(holder), _WITH_FRAME)
    return cls is CellType or (cls is tuple and type(holder) is FunctionType)


def _item(key: Any) -> str:
    if type(key) not in (str, int) or (type(key) is int and abs(key) >= _MAX_INDEX):
        return "[...]"
    text = repr(key)
    return f"[{text if len(text) <= _MAX_KEY else text[: _MAX_KEY - 3] + '...'}]"


def _local(frame: FrameType, target: Any, garbage: bool) -> str:
    if frame.f_back is target:
        return ".f_back"
    if not (garbage or _HAS_PROXIES):
        return "a local variable"
    return next((name for name, value in frame.f_locals.items() if value is target), "")


def _of_closure(function: FunctionType, target: Any) -> str:
    """The variable of an outer function by which it refers to the object."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        with suppress(ValueError):
            if cell.cell_contents is target:
                return name
    return ""
