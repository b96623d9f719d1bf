"""Objects in storage that no row names: an orphan belongs to nothing known here, and is looked at by a person.

The others are left behind by something that was interrupted, and may go once they are old enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import PurePath
from typing import Any, NamedTuple

from django.db.models import QuerySet

from vault.enums import FileState
from vault.models import StoredFile
from vault.places import UNFINISHED, VAULT, Lying, served_places, walk

AT_ONCE = 1000


class StrayKind(StrEnum):
    ORPHAN = "orphan"
    LEFT_BEHIND = "left behind"
    ON_ITS_WAY = "on its way"


class Row(NamedTuple):
    """What a row says that may explain an object."""

    place: str
    state: str
    fault: str


class Stray(NamedTuple):
    place: str
    lying: Lying
    kind: StrayKind


def strays(institution_id: int | None = None) -> Iterator[Stray]:
    """What no row names, in every place of checked files."""
    folder = f"{VAULT}/{institution_id}" if institution_id else VAULT
    for place in served_places():
        found = walk(place, folder)
        while batch := list(islice(found, AT_ONCE)):
            yield from among(place, batch)


def among(place: str, batch: Iterable[Lying]) -> Iterator[Stray]:
    """Those of the batch that no row names."""
    found = {lying.path: lying for lying in batch}
    named = _rows("path", rows=StoredFile.objects.exclude(path="").filter(path__in=found))
    unnamed = [path for path in found if place not in {row.place for row in named[(path,)]}]
    known = _of_contents([content for path in unnamed if (content := _content(path))])
    for path in unnamed:
        yield Stray(place, found[path], _kind(path, named[(path,)] | known[_content(path)]))


def is_stray(stray: Stray) -> bool:
    """Whether it is still what it was found to be."""
    return stray in among(stray.place, [stray.lying])


def _kind(path: str, rows: set[Row]) -> StrayKind:
    """By the rows that share its path in another place, or its content in the same institution.

    A file that waits for its check may be copied this very moment, and one with a fault may need this copy.
    """
    if any(row.state == FileState.RECEIVED or row.fault for row in rows):
        return StrayKind.ON_ITS_WAY
    if rows or path.endswith(UNFINISHED):
        return StrayKind.LEFT_BEHIND
    return StrayKind.ORPHAN


def _content(path: str) -> tuple[int, str] | None:
    """The institution and the digest that a path of the vault names."""
    parts = PurePath(path).parts
    if len(parts) == 3 and parts[1].isdecimal() and len(parts[2]) == 64:
        return int(parts[1]), parts[2]
    return None


def _of_contents(contents: list[tuple[int, str]]) -> defaultdict[Any, set[Row]]:
    institutions, digests = {content[0] for content in contents}, {content[1] for content in contents}
    if not contents:
        return defaultdict(set)
    return _rows(
        "institution_id",
        "sha256",
        rows=StoredFile.objects.filter(institution__in=institutions, sha256__in=digests),
    )


def _rows(*key: str, rows: QuerySet[StoredFile]) -> defaultdict[Any, set[Row]]:
    """What is to be known of the rows, by their `key`. However many share a path, it is a handful."""
    known = defaultdict(set)
    for *found, place, state, fault in rows.order_by().values_list(*key, "place", "state", "fault").distinct():
        known[tuple(found)].add(Row(place, state, fault))
    return known
