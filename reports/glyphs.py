"""Characters that no font of this machine can draw, for the names of people and institutions have rare ones.

Pango takes each character from any font that fontconfig knows, in the family asked for or not. What none of them has
would be a box that overlaps its neighbour and cannot be searched; it is printed as 〓, as printers in China do, and
named beside it. A character for private use is drawn differently by each font, so what it meant is unknown here.
"""

from __future__ import annotations

import subprocess
import unicodedata
from functools import cache
from typing import NamedTuple

FALLBACK = "〓"
# HarfBuzz, and so Pango, draws from no other kind of font.
FORMATS = {"TrueType", "CFF"}
# Controls, formats and spaces draw nothing by themselves; nor do the selectors of a variant.
UNDRAWN = {"Cc", "Cf", "Zl", "Zp", "Zs"}
SELECTORS = {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
PRIVATE_USE = "Co"


class Character(NamedTuple):
    text: str
    code: str


def missing_characters(text: str) -> str:
    """Each character of the text that is missing here, once, in the order of their codes."""
    return "".join(sorted(character for character in set(text) if not _is_drawn(character)))


def with_fallback(text: str, missing: str) -> str:
    return text.translate(dict.fromkeys(map(ord, missing), FALLBACK))


def named(characters: str) -> list[Character]:
    return [Character(character, f"U+{ord(character):04X}") for character in characters]


def _is_drawn(character: str) -> bool:
    category = unicodedata.category(character)
    if category == PRIVATE_USE:
        return False
    return category in UNDRAWN or ord(character) in SELECTORS or ord(character) in _covered()


@cache
def _covered() -> frozenset[int]:
    """Every character that a font of this machine has."""
    command = ["fc-list", "--format", "%{fontformat} %{charset}\n"]
    fonts = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    ranges = {each for font in fonts for each in _ranges(font)}
    return frozenset(code for each in ranges for code in _codes(each))


def _ranges(font: str) -> list[str]:
    """`CFF 20-7e 3013` gives the two ranges."""
    file_format, _, ranges = font.partition(" ")
    return ranges.split() if file_format in FORMATS else []


def _codes(hexadecimal: str) -> range:
    first, _, last = hexadecimal.partition("-")
    return range(int(first, 16), int(last or first, 16) + 1)
