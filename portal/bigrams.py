"""Pairs of neighbouring characters, by which PostgreSQL finds words inside documents.

Chinese has no spaces between its words, and most of them are two characters long: too short for trigrams.
"""

from __future__ import annotations

import unicodedata
from itertools import pairwise


def folded(text: str) -> str:
    """What of a text matters for finding it: no case, no width of characters, no space and no break of lines."""
    same_width = unicodedata.normalize("NFKC", text).lower()
    return "".join(character for character in same_width if unicodedata.category(character)[0] not in "ZC")


def bigrams(text: str) -> list[str]:
    """Each pair once, in the order of the text; a text of one character is that character.

    A document holds a word only if it holds all bigrams of the word: what is found so has still to be compared.
    """
    characters = folded(text)
    if len(characters) < 2:
        return list(characters)
    return list(dict.fromkeys(first + second for first, second in pairwise(characters)))
