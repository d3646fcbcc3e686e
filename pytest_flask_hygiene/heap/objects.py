"""Looks at the objects that the garbage collector tracks, in a way that other threads can't notice.

``gc.get_objects()`` also returns a tuple that another thread is still building.  If that thread runs while we
refer to it, CPython can't resize the tuple any more (``SystemError: bad argument to internal function``).  So
each look is one chain of iterators written in C, in which no other thread gets its turn, and only the objects
that were asked for come out of it.  ``id()`` is not among them, for it is audited: hooks run Python code.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, compress, repeat
from threading import Lock
from typing import Any, Final

_GENERATIONS: Final = 3
#: Of an address.
_BITS: Final = sys.maxsize.bit_length() + 1
#: Looks at one generation, where other threads move the objects between two of them.
_TRIES: Final = 20
#: The switch interval (seconds) of all tries but the first.
_PATIENCE: Final = 1.0
#: Never waited for.
_looking: Final = Lock()


def ids_on_heap(ids: Iterable[int], generations: int = _GENERATIONS) -> set[int]:
    """Those of the ids that belong to objects in the youngest ``generations``; frozen ones are in none."""
    by_hash = {_hash_of(each): each for each in ids}
    found: set[int] = set()
    for generation in range(generations):
        found.update(map(object.__hash__, _objects(generation)))
    return {by_hash[each] for each in by_hash.keys() & found}


def objects_by_id(ids: Iterable[int], generations: int = _GENERATIONS) -> list[Any]:
    """The objects with these ids in the youngest ``generations``."""
    return _select({_hash_of(each) for each in ids}, lambda objects: objects, generations)


def instances_of(*classes: type) -> list[Any]:
    """The instances of these classes and their subclasses, without asking any object for its class."""
    wanted = {_hash_of(id(cls)) for each in classes for cls in _with_subclasses(each)}
    return _select(wanted, lambda objects: map(type, objects), _GENERATIONS)


def _select(
    wanted: set[int], look_at: Callable[[Iterator[Any]], Iterator[Any]], generations: int
) -> list[Any]:
    """The objects for which ``look_at`` gives one of the wanted addresses (as :func:`_hash_of` makes them).

    It takes two looks at each generation: at which positions the wanted objects are, and what is there.  With
    ``itertools.tee`` one would do, but a look finds tee's own objects, too: a reference cycle.
    """
    # Of two threads that look at once (before collections on 3.11 and 3.12) one sets and puts back both.
    alone = _looking.acquire(blocking=False)
    enabled, interval = alone and gc.isenabled(), sys.getswitchinterval()
    if enabled:
        # A collection in between would move objects to the next generation.
        gc.disable()
    try:
        found: list[Any] = []
        for generation in range(generations):
            for number in range(_TRIES):
                if number == 1 and alone:
                    # On a large heap a look takes longer than a thread's turn, so the next thread is always
                    # waiting for the moment between the two.
                    sys.setswitchinterval(_PATIENCE)
                where = list(map(wanted.__contains__, map(object.__hash__, look_at(_objects(generation)))))
                if not any(where):
                    break
                # repeat() takes compress() to the end of the objects: a look finds its own iterators as well,
                # which an end in the middle would keep alive.
                there = list(compress(_objects(generation), chain(where, repeat(False))))
                # As many: where objects have gone meanwhile, some positions are those of none any more.
                complete = len(there) == sum(where)
                if complete and wanted.issuperset(map(object.__hash__, look_at(iter(there)))):
                    found += there
                    break
                # Else another thread had its turn between the two looks, and has moved the objects.
        return found
    finally:
        if alone:
            sys.setswitchinterval(interval)
            if enabled:
                gc.enable()
            _looking.release()


def _objects(generation: int) -> Iterator[Any]:
    """The objects of a generation, listed when the first is asked for: only the iterator has the list."""
    return chain.from_iterable(map(gc.get_objects, (generation,)))


def _hash_of(address: int) -> int:
    """What ``object.__hash__`` gives for the object with this id: the address, rotated by four bits."""
    rotated = address >> 4 | (address & 15) << (_BITS - 4)
    return rotated - (1 << _BITS) if rotated >> (_BITS - 1) else rotated


def _with_subclasses(cls: type) -> Iterator[type]:
    yield cls
    subclasses: list[type] = type.__subclasses__(cls)
    for subclass in subclasses:
        yield from _with_subclasses(subclass)
