"""Which line stored the exception: one that ran, where a function assigns the same variable twice.

What ran is not recorded, but where the frame was left is known.  A store can have made the variable's value
only if control can get from it to there without passing another one.
"""

from __future__ import annotations

import dis
import sys
from types import CodeType
from typing import Any, Final

#: Instructions after which the next one is not executed: there is none, or they jump.
_ENDS: Final = frozenset(
    (
        "RETURN_VALUE",
        "RETURN_CONST",
        "RAISE_VARARGS",
        "RERAISE",
        "JUMP_FORWARD",
        "JUMP_ABSOLUTE",
        "JUMP_BACKWARD",
        "JUMP_BACKWARD_NO_INTERRUPT",
    )
)
_JUMPS: Final = frozenset((*dis.hasjrel, *dis.hasjabs))


def line_of_store(code: CodeType, variable: str, raised: int, left: int, callee: str = "") -> int:
    """The line that stores the exception in a variable: ``error = e``, ``self.error = e``; 0 if none does.

    ``raised``: the line of the function from which the exception came, 0 if it did not pass the function;
    ``left``: the offset of the instruction at which the frame was left; ``callee``: the function that raised
    or returned the exception.  Of several stores it is the first one behind the line that raised, as in an
    ``except`` clause.  If there is none, it is the last one whose statement calls ``callee``, or else the
    last one of all.
    """
    instructions = list(dis.get_instructions(code))
    stores = _stores(instructions, variable)
    reaching = _reaching(code, instructions, set(stores), left, is_attribute=_attribute(variable) != "")
    # ``except E as error:`` ends by storing None.
    lines = {at: line for at, line in stores.items() if line}
    lines = {at: line for at, line in lines.items() if at in reaching} or lines
    behind = [line for line in lines.values() if line > raised] if raised else []
    if behind:
        return min(behind)
    of_callee = [line for at, line in lines.items() if _mentions(instructions, at, callee)]
    return max(of_callee or lines.values(), default=0)


def _mentions(instructions: list[dis.Instruction], store: int, callee: str) -> bool:
    """Whether the statement of a store loads this name."""
    for instruction in reversed(instructions[:store]):
        if instruction.opname.startswith(("STORE_", "POP_TOP", "RETURN_")):
            return False
        if instruction.argval == callee and instruction.opname.startswith("LOAD_"):
            return True
    return False


def _stores(instructions: list[dis.Instruction], variable: str) -> dict[int, int]:
    """The line of each store, by its position; 0 for one that stores None, or deletes the variable."""
    attribute = _attribute(variable)
    plain = variable.partition(".")[0].partition("[")[0]
    line = 0
    stores: dict[int, int] = {}
    cleared = False
    for position, instruction in enumerate(instructions):
        if instruction.starts_line:
            current = instruction.starts_line
            line = current if type(current) is int else (getattr(instruction, "line_number", None) or line)
        name = instruction.opname
        if attribute:
            if name == "STORE_ATTR" and instruction.argval == attribute:
                stores[position] = 0 if cleared else line
        elif name.startswith("STORE_") and plain in _stored(instruction):
            stores[position] = 0 if cleared else line
        elif name.startswith("DELETE_") and instruction.argval == plain:
            stores[position] = 0
        cleared = name == "LOAD_CONST" and instruction.argval is None
    return stores


def _attribute(variable: str) -> str:
    """The last attribute of ``self.job.errors[0]``: ``errors``; empty for a plain name."""
    rest = variable.partition(".")[2]
    return rest.split("[")[0].split(".")[-1]


def uses(code: CodeType, variable: str) -> bool:
    """Whether a function has to do with the attribute that ``self.error`` ends with; true for a plain name.

    Several methods of one object may be on the way of an exception, and one of them keeps it.
    """
    return _attribute(variable) in ("", *code.co_names)


def _stored(instruction: dis.Instruction) -> tuple[Any, ...]:
    """What an instruction stores: on Python 3.13 one may store two variables, or store one and load one."""
    argument = instruction.argval
    if not isinstance(argument, tuple):
        return (argument,)
    return argument[:1] if instruction.opname == "STORE_FAST_LOAD_FAST" else argument


def _reaching(
    code: CodeType, instructions: list[dis.Instruction], stores: set[int], left: int, *, is_attribute: bool
) -> set[int]:
    """Positions of the stores from which ``left`` can be reached past no other store.

    Past others, too, if they store an attribute: it may be another object's.
    """
    position_of = {instruction.offset: n for n, instruction in enumerate(instructions)}
    before: dict[int, list[int]] = {}
    for source, target in _edges(code, instructions, position_of):
        before.setdefault(target, []).append(source)
    found: set[int] = set()
    pending = [position_of[left]] if left in position_of else []
    seen = set(pending)
    while pending:
        for source in before.get(pending.pop(), ()):
            if source in seen:
                continue
            seen.add(source)
            if source in stores:
                found.add(source)
            if source not in stores or is_attribute:
                pending.append(source)
    return found


def _edges(
    code: CodeType, instructions: list[dis.Instruction], position_of: dict[int, int]
) -> list[tuple[int, int]]:
    """Which instruction may follow which, by position: any protected one is supposed to raise."""
    edges = []
    for position, instruction in enumerate(instructions):
        if instruction.opcode in _JUMPS:
            edges.append((position, position_of[instruction.argval]))
        if instruction.opname not in _ENDS and position + 1 < len(instructions):
            edges.append((position, position + 1))
    handlers = _handlers(code, position_of) if sys.version_info >= (3, 11) else _blocks(instructions, edges)
    # If a store raises, then before it has stored anything.
    edges += [(n, handler) for n, handler in handlers if not instructions[n].opname.startswith("STORE_")]
    return edges


def _handlers(code: CodeType, position_of: dict[int, int]) -> list[tuple[int, int]]:
    """Each protected instruction and its handler, by position (Python 3.11 and later)."""
    entries: list[Any] = getattr(dis.Bytecode(code), "exception_entries", [])
    return [
        (position, position_of[entry.target])
        for entry in entries
        for offset, position in position_of.items()
        if entry.start <= offset < entry.end
    ]


def _blocks(instructions: list[dis.Instruction], edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same for Python 3.10, where instructions push handlers on a stack of blocks, and pop them."""
    following: dict[int, list[int]] = {}
    for source, target in edges:
        following.setdefault(source, []).append(target)
    handlers = []
    # Where to go on, and the handlers of the blocks around it; -1 stands for the block of a handler itself.
    pending: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    seen = set()
    while pending:
        position, blocks = pending.pop()
        if position in seen:
            continue
        seen.add(position)
        handler = next((target for target in reversed(blocks) if target >= 0), None)
        name = instructions[position].opname
        if handler is not None and name != "POP_BLOCK":
            handlers.append((position, handler))
        for target in following.get(position, ()):
            inner = blocks
            if name.startswith("SETUP_"):
                inner = (*blocks, -1 if target != position + 1 else max(following[position]))
            elif name in ("POP_BLOCK", "POP_EXCEPT"):
                inner = blocks[:-1]
            pending.append((target, inner))
    return handlers
