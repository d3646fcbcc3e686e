"""How wide a text is, as no font can be asked; and texts made to fit, without what XML forbids."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

ELLIPSIS: Final = "…"
#: No text is read further than this: names and messages come from tests.
_MAX_TEXT: Final = 400

#: Control characters (XML forbids most), surrogates, what is no character, and what turns the direction of
#: writing.
_FORBIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff]"
)
#: Widths are fractions of the letters' size.  All monospaced ASCII is equally wide; for the others they are
#: those of DejaVu Sans, the widest font that is common.
_MONO: Final = 0.605
_NARROW: Final = frozenset("iIjl.,:;'|!()[] ftr/\\-`·")
_WIDE: Final = frozenset("mwMW@%ODGQHNU_—…")


def readable(text: str) -> str:
    """The text, with what cannot be shown as Python would write it: ``\\x1b``; at most 400 characters."""
    text = text[:_MAX_TEXT] + (ELLIPSIS if len(text) > _MAX_TEXT else "")
    if text.isascii() and text.isprintable():
        return text
    return _FORBIDDEN.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    char = match[0]
    return " " if char in "\n\r\t" else ascii(char)[1:-1]


def width_of(text: str, size: float, *, mono: bool = False) -> float:
    """In the unit of ``size``, which is that of the letters."""
    if mono and text.isascii():
        return len(text) * _MONO * size
    width = _mono if mono else _proportional
    return sum(map(width, text)) * size


@lru_cache(1_000)
def _mono(char: str) -> float:
    if char.isascii():
        return _MONO
    return _other(char, _MONO)


@lru_cache(1_000)
def _proportional(char: str) -> float:
    if not char.isascii():
        return _other(char, 0.64)
    if char in _NARROW:
        return 0.39
    if char in _WIDE:
        return 0.9 if char in "mwMW@%" else 0.79
    return 0.69 if char.isupper() else 0.62


def _other(char: str, usual: float) -> float:
    if unicodedata.combining(char) or char in "\u200c\u200d\ufe0e\ufe0f":
        return 0.0
    return 1.02 if unicodedata.east_asian_width(char) in "WF" else usual + 0.06


def clip_right(text: str, size: float, room: float, *, mono: bool = False) -> str:
    """The text, or as much of its beginning as has room."""
    if width_of(text, size, mono=mono) <= room:
        return text
    return text[: _fitting(text, size, room - width_of(ELLIPSIS, size, mono=mono), mono)].rstrip() + ELLIPSIS


def clip_left(text: str, size: float, room: float, *, mono: bool = False) -> str:
    """The text, or as much of its end as has room: of a path, it says more than the beginning."""
    if width_of(text, size, mono=mono) <= room:
        return text
    count = _fitting(text[::-1], size, room - width_of(ELLIPSIS, size, mono=mono), mono)
    kept = text[len(text) - count :]
    # An accent of its own, which belongs to the letter before it.
    while kept and _proportional(kept[0]) == 0.0:
        kept = kept[1:]
    part = max(kept.find(sign, 0, len(kept) // 3) for sign in "/.")
    return ELLIPSIS + kept[max(part, 0) :]


def wrap(text: str, size: float, room: float, *, mono: bool = False) -> list[str]:
    """One line or two; broken where a word ends, if one does near the end of the line."""
    if width_of(text, size, mono=mono) <= room:
        return [text]
    count = _fitting(text, size, room, mono)
    for n in range(count, count * 3 // 5, -1):
        if text[n - 1] in " ,.:/_-([" and n < len(text):
            count = n
            break
    # Of a dotted name, too, the end says more.
    clip = clip_right if " " in text else clip_left
    return [text[:count], clip(text[count:], size, room, mono=mono)]


def _fitting(text: str, size: float, room: float, mono: bool) -> int:
    """How many characters have room; at least one."""
    width = _mono if mono else _proportional
    left = room / size
    for n, char in enumerate(text):
        left -= width(char)
        if left < 0:
            return max(n, 1)
    return len(text)
