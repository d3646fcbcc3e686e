"""A function to put in the place of another: it takes the same arguments, calls it, and passes on the result.

Some libraries read a constructor's parameters off its code object (SQLAlchemy's ``get_cls_kwargs``), where
``functools.wraps`` does not help.  So the function is compiled from source that has the same parameters.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import update_wrapper
from types import FunctionType
from typing import Any


def replacement(original: Any, then: Callable[[Any, Any], None]) -> Any:
    """Make the function.

    After each call that does not raise, ``then`` is called with the first argument (None if there is none)
    and with the result.
    """
    code = getattr(original, "__code__", None)
    if type(original) is not FunctionType or code is None:

        def any_arguments(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            then(args[0] if args else None, result)
            return result

        made: Any = any_arguments
    else:
        made = _with_the_same_arguments(original, then)
    update_wrapper(made, original)
    made._hygiene_original = getattr(original, "_hygiene_original", original)
    return made


def _with_the_same_arguments(original: FunctionType, then: Callable[[Any, Any], None]) -> FunctionType:
    code = original.__code__
    names = code.co_varnames
    positional = list(names[: code.co_argcount])
    keywords = list(names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount])
    rest = list(names[code.co_argcount + code.co_kwonlyargcount :])
    required = code.co_argcount - len(original.__defaults__ or ())
    parameters = [name if n < required else f"{name}=None" for n, name in enumerate(positional)]
    if code.co_posonlyargcount:
        parameters.insert(code.co_posonlyargcount, "/")
    passed = list(positional)
    if code.co_flags & inspect.CO_VARARGS:
        parameters.append(f"*{rest[0]}")
        passed.append(f"*{rest.pop(0)}")
    elif keywords:
        parameters.append("*")
    defaults = original.__kwdefaults__ or {}
    parameters += [f"{name}=None" if name in defaults else name for name in keywords]
    passed += [f"{name}={name}" for name in keywords]
    if code.co_flags & inspect.CO_VARKEYWORDS:
        parameters.append(f"**{rest[0]}")
        passed.append(f"**{rest[0]}")
    source = (
        f"def made({', '.join(parameters)}):\n"
        f"    _hygiene_result = _hygiene_call({', '.join(passed)})\n"
        f"    _hygiene_then({positional[0] if positional else None}, _hygiene_result)\n"
        f"    return _hygiene_result\n"
    )
    # Its file is this one, so that no site shows its frames.
    namespace: dict[str, Any] = {"_hygiene_call": original, "_hygiene_then": then}
    exec(compile(source, __file__, "exec"), namespace)
    made: FunctionType = namespace["made"]
    made.__defaults__, made.__kwdefaults__ = original.__defaults__, original.__kwdefaults__
    return made
