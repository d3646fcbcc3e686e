"""Where the boxes and arrows of many chains stand, as Graphviz places them.

One process of ``dot`` does it for all of them.  It is sent the sizes only, none of the texts.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Final

from .chain_layout import CHIP_HEIGHT, GAP, LANE, MARGIN, SHORT_GAP, Picture, Point, picture
from .chain_shape import Shape

#: How long it may take for each chain, and for all of them.  Mostly it is the start of the program.
_SECONDS_EACH: Final = 0.05
_SECONDS: Final = 2.0
#: More would take longer than that on a slow machine.
MAX_SHAPES: Final = 300
#: Bytes that are read of its answer.
_MAX_OUTPUT: Final = 4_000_000
_INCH: Final = 72.0
#: Pixels.
_MAX_LENGTH: Final = 5_000.0
#: Graphviz keeps the same distance between all rows: a gap with a label is this many rows.
_RANKS: Final = round(GAP / SHORT_GAP)


def place_all(shapes: Sequence[Shape]) -> list[Picture] | None:
    """One picture for each shape; None if Graphviz does not give all of them, for whatever reason."""
    if not 0 < len(shapes) <= MAX_SHAPES:
        return None
    try:
        program = shutil.which("dot")
        if program is None:
            return None
        text = "".join(map(_graph, shapes))
        output = _run(program, text.encode("ascii"), min(_SECONDS_EACH * len(shapes), _SECONDS))
        answers = _answers(output.decode("ascii"))
        pictures = [_picture(shape, next(answers)) for shape in shapes]
    except Exception:
        # A missing library, a wrapper that is no Graphviz, too little time: we can do without it.
        return None
    return pictures


def _run(program: str, text: bytes, seconds: float) -> bytes:
    """What the program answers.  Raises if it takes longer, fails, or writes too much."""
    end = time.monotonic() + seconds
    with tempfile.TemporaryFile() as source:
        source.write(text)
        source.seek(0)
        process = subprocess.Popen(
            [program, "-Tplain"],
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    assert process.stdout is not None
    try:
        output = _read(process.stdout.fileno(), end)
        if process.wait(max(end - time.monotonic(), 0.001)):
            raise ChildProcessError
    finally:
        if process.returncode is None:
            # The program may be a script that has started another.
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
        process.wait()
    return output


def _read(descriptor: int, end: float) -> bytes:
    """All that comes; ``end``: until when, by ``time.monotonic()``."""
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while selector.select(max(end - time.monotonic(), 0)):
            part = os.read(descriptor, 65_536)
            if not part:
                return bytes(output)
            output += part
            if len(output) > _MAX_OUTPUT:
                raise ValueError("too much")
    raise TimeoutError


def _graph(shape: Shape) -> str:
    """The chain in Graphviz's language.

    Its boxes are one group, for Graphviz places a group's nodes straight below each other.  The side that a
    loop's last arrow goes back by is another group, on the right.
    """
    lines = [
        f"digraph{{splines=false ranksep={SHORT_GAP / _INCH:.4f} nodesep={LANE / _INCH:.4f}",
        'node[shape=box fixedsize=true label="" group=boxes]',
    ]
    lines += [_node(str(n), shape.width, block.height) for n, block in enumerate(shape.blocks)]
    last = len(shape.blocks) - 1
    lines += [
        f"{n}->{n + 1}[minlen={1 if arrow.again else _RANKS} weight=9]"
        for n, arrow in enumerate(shape.arrows[:last])
    ]
    if shape.is_loop:
        lines += [
            _node("label", shape.width, CHIP_HEIGHT),
            f"{last}->label[weight=9]",
            "node[group=side width=0.01 height=0.01]",
            "{rank=same 0->upper}",
            "{rank=same label->lower}",
            "upper->lower[weight=9]",
        ]
    return "\n".join([*lines, "}\n"])


def _node(name: str, width: float, height: float) -> str:
    return f"{name}[width={width / _INCH:.4f} height={height / _INCH:.4f}]"


def _answers(output: str) -> Iterator[dict[str, Point]]:
    """Of each graph: where the middle of each node is, from the left upper corner."""
    height = 0.0
    nodes: dict[str, Point] = {}
    for line in output.splitlines():
        match line.split():
            case ["graph", _, _, high]:
                height, nodes = _pixels(high), {}
            case ["node", name, x, y, *_]:
                nodes[name] = (MARGIN + _pixels(x), MARGIN + height - _pixels(y))
            case ["stop"]:
                yield nodes


def _picture(shape: Shape, nodes: dict[str, Point]) -> Picture:
    """Raises ValueError or KeyError if the answer does not fit."""
    # Graphviz's own rounding is not to be seen.
    left = round(nodes["0"][0] - shape.width / 2, 1)
    blocks: list[Point] = []
    bottom = 0.0
    for n, block in enumerate(shape.blocks):
        x, y = nodes[str(n)]
        top = round(y - block.height / 2, 1)
        if top < bottom or abs(x - shape.width / 2 - left) > 1:
            raise ValueError("not below each other")
        blocks.append((left, top))
        bottom = top + block.height
    if not shape.is_loop:
        return picture(shape, blocks, [], left + shape.width, bottom)
    lane, chip = round(nodes["lower"][0], 1), round(nodes["label"][1], 1)
    middle = blocks[0][1] + shape.blocks[0].height / 2
    if chip < bottom or lane < left + shape.width:
        raise ValueError("not round the side")
    side = [(lane, chip), (lane, middle), (left + shape.width, middle)]
    return picture(shape, blocks, side, lane, chip + CHIP_HEIGHT / 2)


def _pixels(inches: str) -> float:
    pixels = float(inches) * _INCH
    if not -1.0 <= pixels <= _MAX_LENGTH:  # also what is not a number
        raise ValueError("not a length")
    return pixels
