"""Where a document says what was searched for: a few words around it, read by the database, never all of a text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, Func, IntegerField, TextField, Value
from django.db.models.functions import Cast, Greatest, StrIndex, Substr

from portal.bigrams import folded
from portal.snippets import BEFORE, LENGTH, Snippet, cut, pattern_of
from vault.models import Extract, StoredFile
from vault.querysets import says


def snippets(text: str, files: Iterable[StoredFile]) -> dict[UUID, Snippet]:
    """By file, in one query; files whose text does not hold it have none.

    What is shown is the document's own text, or the text as search compares it where a document writes the words
    in characters that no pattern foresees, such as the radicals that some programs put into a PDF.
    """
    words = folded(text)
    pattern = pattern_of(words)
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
        pk: cut(as_written, pattern) or cut(as_compared, re.escape(words)) or Snippet(as_compared, "", "")
        for pk, as_written, as_compared in found
    }


def _window(field: str, position: StrIndex) -> Substr:
    start = Greatest(position - BEFORE, Value(1), output_field=IntegerField())
    return Substr(field, start, LENGTH)
