"""What the user's objects are and have, looked up statically (see ``inspect.getattr_static``).

No code of theirs runs: no ``__getattr__``, property or ``__class__``, no metaclass, no module that is loaded
when it is first asked for something.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Mapping
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final

#: ``id()`` is audited: our own audit hook, and everybody else's, would run for each object.
address: Final = object.__hash__
#: What ``functools.cache`` and ``functools.lru_cache`` make of a function.
LRU_CACHE: Final = type(functools.lru_cache(lambda: None))

_namespace_of_class: Final = type.__dict__["__dict__"].__get__
mro_of: Final = type.__dict__["__mro__"].__get__


def is_one_of(cls: type, classes: Iterable[type]) -> bool:
    """Not ``in``, which asks a class of the user's whether it is equal."""
    return any(cls is each for each in classes)


def namespace(thing: Any) -> dict[str, Any]:
    """The attributes that an object has for itself: a module's globals, an instance's ``__dict__``.

    A copy, for a class.
    """
    if issubclass(type(thing), type):
        return dict(_namespace_of_class(thing))
    for base in mro_of(type(thing)):
        descriptor = _namespace_of_class(base).get("__dict__")
        if descriptor is not None:
            # Not a property of that name.
            is_real = is_one_of(type(descriptor), (GetSetDescriptorType, MemberDescriptorType))
            attributes = descriptor.__get__(thing) if is_real else None
            return attributes if type(attributes) is dict else {}
    return {}


def class_namespaces(cls: type) -> list[Mapping[str, Any]]:
    """What a class and each of its bases define."""
    return [_namespace_of_class(base) for base in mro_of(cls)]


def module_of(cls: type) -> str:
    """The name of the module that a class was defined in; empty if the class does not say it."""
    try:
        module = type.__dict__["__module__"].__get__(cls)
    except AttributeError:
        return ""
    return module if type(module) is str else ""


def type_name(cls: type) -> str:
    """``dict``, ``sqlite3.Connection``."""
    module, name = module_of(cls), type.__dict__["__qualname__"].__get__(cls)
    return name if module in ("", "builtins", "_io") else f"{module}.{name}"


def function_name(function: FunctionType) -> str:
    """``shop.db.connect``."""
    module = function.__module__
    return f"{module}.{function.__qualname__}" if type(module) is str else function.__qualname__


def module_file(name: str) -> str:
    """The source file of the module that is imported by this name; empty if there is none."""
    file = namespace(sys.modules.get(name)).get("__file__")
    return file if type(file) is str else ""
