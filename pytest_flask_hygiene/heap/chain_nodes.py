"""What an object is, in words: the nodes of a chain, made of objects each of which refers to the next."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import (
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    ModuleType,
    TracebackType,
)
from typing import Any

from .. import own_modules
from ..stacks import line_of, line_of_traceback
from ..static_attributes import (
    LRU_CACHE,
    address,
    function_name,
    module_file,
    module_of,
    namespace,
    type_name,
)
from .chains import Chain, Node, NodeKind
from .references import steps


def chain_of(objects: Sequence[Any], *, loop: bool = False, lines: Mapping[int, int] | None = None) -> Chain:
    """The picture of these objects, as text.  Each refers to the next; in a ``loop`` the last to the first.

    ``lines`` has the line to show for a frame, by its ``address``, where that says more than the line in
    which the frame was left.
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


def node_of(thing: Any, edge: str = "") -> Node:
    """``edge``: how a module refers to the next object, so that the node has the line that says so."""
    cls = type(thing)
    if issubclass(cls, BaseException):
        with own_modules():
            from ..checks.cycle_names import describe
        return Node("exception", describe(thing))
    if cls is TracebackType:
        code = thing.tb_frame.f_code
        return Node("traceback", f"traceback in {code.co_name}()", code.co_filename, line_of_traceback(thing))
    if cls is FrameType:
        code = thing.f_code
        return Node("frame", f"frame of {code.co_name}()", code.co_filename, line_of(code, thing.f_lasti))
    if cls is LRU_CACHE and type(thing.__wrapped__) is FunctionType:
        function = thing.__wrapped__
        return _of_code("cache", f"the cache of {function_name(function)}()", function.__code__)
    if issubclass(cls, ModuleType):
        return _of_module(thing, edge)
    if issubclass(cls, type):
        return _of_class(thing)
    if issubclass(cls, threading.Thread):
        attributes = namespace(thing)
        target = attributes.get("_target")
        code = target.__code__ if type(target) is FunctionType else None
        return _of_code("thread", f"thread {attributes.get('_name')!r}", code)
    if issubclass(cls, logging.Logger):
        return Node("logger", f"logger {namespace(thing).get('name')!r}")
    if cls is FunctionType:
        return _of_code("object", f"function {thing.__qualname__}()", thing.__code__)
    if cls is GeneratorType or cls is CoroutineType:
        code = thing.gi_code if cls is GeneratorType else thing.cr_code
        return _of_code("object", f"{cls.__name__} {code.co_name}()", code)
    return Node("object", "a cache" if cls is LRU_CACHE else type_name(cls))


def _of_code(kind: NodeKind, text: str, code: CodeType | None) -> Node:
    return Node(kind, text) if code is None else Node(kind, text, code.co_filename, code.co_firstlineno)


def _of_module(module: ModuleType, edge: str) -> Node:
    attributes = namespace(module)
    file = attributes.get("__file__")
    path = file if isinstance(file, str) else ""
    return Node("module", f"module {attributes.get('__name__')}", path, _line_that_binds(path, edge))


def _of_class(cls: type) -> Node:
    path, name = module_file(module_of(cls)), type.__dict__["__name__"].__get__(cls)
    line = _line_of(path, rf"\s*class {re.escape(name)}\b")
    return Node("class", f"class {type_name(cls)}", path, line)


def _line_that_binds(path: str, edge: str) -> int:
    """The first line of a module that gives the name in ``edge`` (``.pool``) a value; 0 if none does."""
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
