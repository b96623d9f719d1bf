"""Verification codes: 55 random bits and a check character, in Crockford's base 32 (no I, L, O, U), as XXXX-XXXX-XXXX.

The check is a CRC of five bits with the primitive polynomial x⁵ + x² + 1, whose period of 31 is longer than a code:
any one wrong character is noticed, and any two that changed places.
"""

from __future__ import annotations

import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"} | dict.fromkeys("-–— "))


def new_code() -> str:
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + ALPHABET[_shift(_remainder(body))]


def clean_code(typed: str) -> str | None:
    """The code as it was meant, however it was typed; None for what is no code."""
    code = unicodedata.normalize("NFKC", typed).upper().translate(READ_AS)
    is_whole = len(code) == LENGTH and set(code) <= set(ALPHABET)
    return code if is_whole and not _remainder(code) else None


def grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _remainder(characters: str) -> int:
    remainder = 0
    for character in characters:
        remainder = _shift(remainder) ^ ALPHABET.index(character)
    return remainder


def _shift(remainder: int) -> int:
    """Multiplied by x."""
    doubled = remainder << 1
    return doubled ^ 0b100101 if doubled & 0b100000 else doubled
