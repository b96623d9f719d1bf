"""Where a document says what was searched for: a few words around it, read by the database, never all of a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, Func, IntegerField, TextField, Value
from django.db.models.functions import Cast, Greatest, StrIndex, Substr

from portal.bigrams import folded
from vault.models import Extract, StoredFile
from vault.querysets import says

BEFORE, LENGTH = 30, 120
FULL_WIDTH = 0xFEE0  # from a character of ASCII to its full-width form


class Snippet(NamedTuple):
    before: str
    hit: str
    after: str


def snippets(text: str, files: Iterable[StoredFile]) -> dict[UUID, Snippet]:
    """By file, in one query; files whose text does not hold it have none.

    What is shown is the document's own text, or the text as search compares it where a document writes the words
    in characters that no pattern foresees, such as the radicals that some programs put into a PDF.
    """
    words = folded(text)
    pattern = _pattern(words)
    hit = Func(F("text"), Cast(Value(pattern), TextField()), function="substring", output_field=TextField())
    found = (
        Extract.objects.filter(says(text, "stored__extract"), stored__in=[file.pk for file in files])
        .annotate(
            as_written=_window("text", StrIndex("text", hit)),
            as_compared=_window("folded", StrIndex("folded", Value(words))),
        )
        .values_list("pk", "as_written", "as_compared")
    )
    return {
        pk: _cut(as_written, pattern) or _cut(as_compared, re.escape(words)) or Snippet(as_compared, "", "")
        for pk, as_written, as_compared in found
    }


def _window(field: str, position: StrIndex) -> Substr:
    start = Greatest(position - BEFORE, Value(1), output_field=IntegerField())
    return Substr(field, start, LENGTH)


def _pattern(words: str) -> str:
    """A regular expression, for PostgreSQL and for Python: any case, any width, and spaces anywhere."""
    return r"\s*".join(f"(?:{'|'.join(_forms(character))})" for character in words)


def _forms(character: str) -> list[str]:
    forms = {character: None, character.upper(): None}
    if "!" <= character <= "~":
        forms |= {chr(ord(form) + FULL_WIDTH): None for form in list(forms)}
    return [re.escape(form) for form in forms]


def _cut(window: str | None, pattern: str) -> Snippet | None:
    match = re.search(pattern, window or "")
    if not match:
        return None
    return Snippet(*(_one_line(part) for part in (window[: match.start()], match.group(), window[match.end() :])))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
