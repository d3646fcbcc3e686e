"""In words: what an object is, and how it refers to another one.  Nothing of the user's is called.

From a list of objects, each of which refers to the next, it makes the text that a picture is drawn from.
"""

from __future__ import annotations

import functools
import gc
import inspect
import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import (
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any, Final

from . import own_modules
from .chains import Chain, Node
from .stacks import line_of

#: ``id()`` is audited: our own audit hook, and everybody else's, would run for each object.
address: Final = object.__hash__

_HAS_PROXIES: Final = sys.version_info >= (3, 13)
#: Those of Python 3.11 and 3.12 tell nobody what they refer to.
SEES_RUNNING_FRAMES: Final = sys.version_info >= (3, 13) or sys.version_info < (3, 11)
_MAX_KEY: Final = 80
#: A larger number is an ``id()``, or a thread's: another one in each run.
_MAX_INDEX: Final = 2**31
_CACHED: Final = type(functools.lru_cache(lambda: None))
#: The name of the variable or attribute comes with what they refer to.
_SLOTS: Final = {
    FunctionType: ("__defaults__", "__kwdefaults__"),
    MethodType: ("__self__", "__func__"),
    TracebackType: ("tb_frame", "tb_next"),
    functools.partial: ("func", "args", "keywords"),
}
_WITH_FRAME: Final = (GeneratorType, CoroutineType)
_OF_EXCEPTION: Final = ("__traceback__", "__cause__", "__context__", "args")


def is_one_of(cls: type, classes: Iterable[type]) -> bool:
    """Not ``in``, which asks a class of the user's whether it is equal."""
    return any(cls is each for each in classes)


def chain_of(objects: Sequence[Any], *, loop: bool = False, lines: Mapping[int, int] | None = None) -> Chain:
    """``objects``: each refers to the next, in a ``loop`` the last one to the first.

    ``lines``: of frames by their address, where another one says more than the one they were left in.
    """
    shown = list(objects)
    nodes: list[Node] = []
    edges: list[str] = []
    try:
        for edge, target in steps([*shown, shown[0]] if loop else shown, garbage=loop):
            edges.append(edge)
            node = node_of(target)
            nodes.append(replace(node, line=lines.get(address(target), node.line)) if lines else node)
        # The first has no step that leads to it; in a loop, it is what the last step leads to.
        first = nodes.pop() if loop else node_of(shown[0], edges[0] if edges else "")
        if not loop and nodes and nodes[-1].kind == "object":
            nodes[-1] = Node("resource", nodes[-1].text)
        return Chain((first, *nodes), tuple(edges))
    finally:
        shown.clear()


def steps(objects: Sequence[Any], *, garbage: bool = False) -> Iterator[tuple[str, Any]]:
    """How each object is reached from the one before, and the object.

    ``garbage``: nobody runs its frames any more, nor has a dictionary of their variables.
    Where an object has its attributes, and a closure its variables, is no step of its own.
    """
    holder = objects[0]
    for target in objects[1:-1]:
        if not _is_between(holder, target):
            yield label(holder, target, garbage=garbage), target
            holder = target
    yield label(holder, objects[-1], garbage=garbage), objects[-1]


def values_of(frame: FrameType, holder: object) -> list[Any]:
    """What the local variables of a frame that is not garbage refer to; ``holder``: it, or its generator.

    Before Python 3.13 ``frame.f_locals`` makes a dictionary that the frame keeps, so its values would live
    longer, or rewrites the one that the user got from ``locals()``.
    """
    if not frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        # Of a module or a class that is being made: its namespace itself.
        return list(frame.f_locals.values())
    if _HAS_PROXIES:
        return list(frame.f_locals.values())
    referents = gc.get_referents(frame if sys.version_info < (3, 11) else holder)
    return [
        each
        for each in referents
        if each is not frame.f_globals and each is not frame.f_builtins and type(each) is not FrameType
    ]


def label(holder: Any, target: Any, *, garbage: bool = False) -> str:
    """``.errors``, ``[0]``, ``['main']``, the name of a local variable; empty if that can't be told."""
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
    if cls is _CACHED:
        return "a cached result"
    if type(target) is FrameType and issubclass(cls, threading.Thread):
        return "runs"
    if cls is FunctionType and (name := _of_closure(holder, target)):
        return name
    name = attribute_name(holder, target)
    return f".{name}" if name else ""


def attribute_name(holder: Any, target: Any) -> str:
    """Past whatever the user's class has made of its attributes, its ``__class__`` too."""
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
    # A copy: another thread may be at it.
    for name, value in list(namespace(holder).items()):
        if value is target:
            return str(name)
    for base in type.__dict__["__mro__"].__get__(cls):
        for name, member in type.__dict__["__dict__"].__get__(base).items():
            if type(member) is MemberDescriptorType:
                with suppress(AttributeError):
                    if member.__get__(holder) is target:
                        return str(name)
    return ""


def namespace(holder: Any) -> dict[str, Any]:
    """The attributes that an object has for itself: a module's globals, an instance's ``__dict__``."""
    if issubclass(type(holder), type):
        return dict(type.__dict__["__dict__"].__get__(holder))
    for base in type.__dict__["__mro__"].__get__(type(holder)):
        descriptor = type.__dict__["__dict__"].__get__(base).get("__dict__")
        if descriptor is not None:
            # Not a property of that name.
            is_real = is_one_of(type(descriptor), (GetSetDescriptorType, MemberDescriptorType))
            attributes = descriptor.__get__(holder) if is_real else None
            return attributes if type(attributes) is dict else {}
    return {}


def node_of(thing: Any, edge: str = "") -> Node:
    """``edge``: how a module or a class refers to the next object, for the line that says so."""
    cls = type(thing)
    if issubclass(cls, BaseException):
        with own_modules():
            from .checks.cycle_names import describe
        return Node("exception", describe(thing))
    if cls is TracebackType:
        code = thing.tb_frame.f_code
        return Node("traceback", f"traceback in {code.co_name}()", code.co_filename, thing.tb_lineno or 0)
    if cls is FrameType:
        code = thing.f_code
        return Node("frame", f"frame of {code.co_name}()", code.co_filename, line_of(code, thing.f_lasti))
    if cls is _CACHED:
        function = thing.__wrapped__
        if type(function) is not FunctionType:
            return Node("object", "a cache")
        text = f"the cache of {function.__module__}.{function.__qualname__}()"
        return _of_code("cache", text, function.__code__)
    if issubclass(cls, ModuleType):
        name, file = namespace(thing).get("__name__"), namespace(thing).get("__file__")
        path = file if isinstance(file, str) else ""
        return Node("module", f"module {name}", path, _line_that_binds(path, edge))
    if issubclass(cls, type):
        path, name = _file_of(thing), type.__dict__["__name__"].__get__(thing)
        return Node(
            "class", f"class {type_name(thing)}", path, _line_of(path, rf"\s*class {re.escape(name)}\b")
        )
    if issubclass(cls, threading.Thread):
        attributes = namespace(thing)
        target = attributes.get("_target")
        code = target.__code__ if type(target) is FunctionType else None
        return _of_code("thread", f"thread {attributes.get('_name')!r}", code)
    if issubclass(cls, logging.Logger):
        return Node("logger", f"logger {namespace(thing).get('name')!r}")
    if cls is FunctionType:
        return _of_code("object", f"function {thing.__qualname__}()", thing.__code__)
    if is_one_of(cls, _WITH_FRAME):
        code = thing.gi_code if cls is GeneratorType else thing.cr_code
        return _of_code("object", f"{cls.__name__} {code.co_name}()", code)
    return Node("object", type_name(cls))


def type_name(cls: type) -> str:
    """``dict``, ``sqlite3.Connection``; past whatever a metaclass has made of it."""
    module = (
        type.__dict__["__module__"].__get__(cls) if "__module__" in _namespace_of_type(cls) else "builtins"
    )
    name = type.__dict__["__qualname__"].__get__(cls)
    return name if module in ("builtins", "_io") or not isinstance(module, str) else f"{module}.{name}"


def _namespace_of_type(cls: type) -> Any:
    return type.__dict__["__dict__"].__get__(cls)


def _is_between(holder: Any, target: Any) -> bool:
    cls = type(target)
    if cls is dict:
        return type(holder) is _CACHED or issubclass(type(holder), type) or namespace(holder) is target
    if cls is FrameType:
        return is_one_of(type(holder), _WITH_FRAME)
    return cls is CellType or (cls is tuple and type(holder) is FunctionType)


def _item(key: Any) -> str:
    if type(key) not in (str, int):
        return "[...]"
    if type(key) is int and abs(key) >= _MAX_INDEX:
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


def _of_code(kind: Any, text: str, code: CodeType | None) -> Node:
    return Node(kind, text) if code is None else Node(kind, text, code.co_filename, code.co_firstlineno)


def _file_of(cls: type) -> str:
    module = sys.modules.get(str(_namespace_of_type(cls).get("__module__")))
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else ""


def _line_that_binds(path: str, edge: str) -> int:
    found = re.match(r"\.(\w+)", edge)
    if not found:
        return 0
    name = found[1]
    return _line_of(path, rf"{name}\s*[:=]") or _line_of(path, rf"(async def|def|class)\s+{name}\b")


def _line_of(path: str, pattern: str) -> int:
    """The first line of a file that begins like that; 0 if none does."""
    if not path:
        return 0
    with own_modules():
        import linecache
    for number, line in enumerate(linecache.getlines(path), 1):
        if re.match(pattern, line):
            return number
    return 0
