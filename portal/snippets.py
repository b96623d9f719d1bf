"""A few words of a text around what was searched for, in the text's own writing."""

from __future__ import annotations

import re
from typing import NamedTuple

from portal.bigrams import folded
from portal.text_search import EDGE

BEFORE, LENGTH = 30, 120
FULL_WIDTH = 0xFEE0  # from a character of ASCII to its full-width form


class Snippet(NamedTuple):
    before: str
    hit: str
    after: str


def pattern_of(words: str) -> str:
    """A regular expression, for PostgreSQL and for Python: any case, any width, and spaces anywhere."""
    return r"\s*".join(f"(?:{'|'.join(_forms(character))})" for character in words)


def _forms(character: str) -> list[str]:
    forms = {character: None, character.upper(): None}
    if "!" <= character <= "~":
        forms |= {chr(ord(form) + FULL_WIDTH): None for form in list(forms)}
    return [re.escape(form) for form in forms]


def cut(text: str | None, pattern: str) -> Snippet | None:
    """The text before the first match, the match, and the text after it."""
    match = re.search(pattern, text or "")
    if not text or not match:
        return None
    return Snippet(*(_one_line(part) for part in (text[: match.start()], match.group(), text[match.end() :])))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def marked(text: str, words: str) -> Snippet:
    """The whole text, with the folded words marked where it holds them."""
    return cut(text, pattern_of(words)) or Snippet(_one_line(text), "", "")


def snippet_of(said: str, words: str) -> Snippet | None:
    """Around the folded words; where they are written in characters that no pattern foresees, as search compares them.

    Of texts that stand one after the other (`portal.text_search.Names`), the first that holds the words.
    """
    for text in said.split(EDGE):
        found = cut(text, pattern_of(words)) or cut(folded(text), re.escape(words))
        if found:
            return _shortened(found)
    return None


def _shortened(found: Snippet) -> Snippet:
    left = max(LENGTH - BEFORE - len(found.hit), BEFORE)
    before, after = found.before[-BEFORE:], found.after[:left]
    cut_before, cut_after = len(before) < len(found.before), len(after) < len(found.after)
    return Snippet("…" * cut_before + before, found.hit, after + "…" * cut_after)
