"""The parts of a graph in which each node can be reached from each other one."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def strongly_connected(starts: Iterable[int], referents: Callable[[int], list[int]]) -> list[set[int]]:
    """The parts of more than one node, or of one that refers to itself, that can be reached from ``starts``.

    Tarjan's algorithm, without recursion, which a long chain of objects would not allow.
    """
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    on_stack: set[int] = set()
    stack: list[int] = []
    parts: list[set[int]] = []
    for start in starts:
        if start in index:
            continue
        work = [(start, iter(referents(start)))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, edges = work[-1]
            for target in edges:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(referents(target))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part: set[int] = set()
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        part.add(member)
                        if member == node:
                            break
                    if len(part) > 1 or node in referents(node):
                        parts.append(part)
    return parts
