"""Re-read the storage and compare what lies there with what the rows say.

Readers run beside each other, since digesting leaves Python's lock alone; rows are written by the caller's thread.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
import operator
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import reduce
from typing import NamedTuple

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from vault import faults
from vault.enums import Fault
from vault.models import StoredFile
from vault.places import Unreachable, check_reachable, pieces
from vault.strays import StrayKind, strays

logger = logging.getLogger(__name__)
READERS = min(4, os.cpu_count() or 1)
AHEAD = 8 * READERS
ROWS_AT_ONCE = 100
# So many objects in a row that cannot be read are a storage that is down, not as many faults.
GIVE_UP_AFTER = 20
NEVER = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Content(NamedTuple):
    """What should lie at a place. However many rows share it, it is read once. `size` in bytes."""

    place: str
    path: str
    size: int
    sha256: str
    sm3: str

    @property
    def rows(self) -> Q:
        return Q(place=self.place, path=self.path, sha256=self.sha256)


class Reading(NamedTuple):
    """What was found: nothing wrong, a fault, or `unreadable` when the storage gave no answer to judge by."""

    content: Content
    fault: Fault | None = None
    unreadable: bool = False
    detail: str = ""


def verify(
    *, institution_id: int | None = None, limit_bytes: int | None = None, with_sm3: bool = False
) -> Iterator[Reading]:
    """Re-read checked files, those first that were read longest ago, and note what is found on their rows.

    Stops after `limit_bytes`, but reads one file at least. Raises Unreachable when a storage isn't there at all.
    """
    rows = StoredFile.objects.clean().exclude(path="")
    if institution_id:
        rows = rows.filter(institution=institution_id)
    for place in rows.order_by().values_list("place", flat=True).distinct():
        check_reachable(place)
    sound: list[Content] = []
    try:
        for reading in _read_all(_due(rows, limit_bytes), with_sm3):
            if reading.fault:
                _note_fault(rows, reading)
            elif not reading.unreadable:
                sound.append(reading.content)
            if len(sound) == ROWS_AT_ONCE:
                _note_sound(rows, sound)
                sound.clear()
            yield reading
    finally:
        _note_sound(rows, sound)


def verify_part(*, limit_bytes: int) -> None:
    """What the weekly job does. Faults are noted and told as they are found; the rest is in the log."""
    for reading in verify(limit_bytes=limit_bytes):
        if reading.unreadable:
            logger.error("%s:%s cannot be read: %s", reading.content.place, reading.content.path, reading.detail)
    for stray in strays():
        if stray.kind is StrayKind.ORPHAN:
            logger.error("%s:%s belongs to no file.", stray.place, stray.lying.path)


def total(institution_id: int | None = None) -> tuple[int, int]:
    """How many objects there are to read, and their bytes."""
    rows = StoredFile.objects.clean().exclude(path="")
    if institution_id:
        rows = rows.filter(institution=institution_id)
    contents = rows.order_by().values("place", "path", "size").distinct()
    found = contents.aggregate(objects=Count("*"), size=Sum("size"))
    return found["objects"], found["size"] or 0


def _due(rows: QuerySet[StoredFile], limit_bytes: int | None) -> Iterator[Content]:
    contents = rows.order_by().values_list(*Content._fields)
    oldest_first = contents.annotate(read_at=Min(Coalesce("verified_at", NEVER))).order_by("read_at", "path")
    left = limit_bytes
    for *facts, _read_at in oldest_first.iterator():
        content = Content(*facts)
        yield content
        if left is not None:
            left -= content.size
            if left <= 0:
                return


def _read_all(contents: Iterable[Content], with_sm3: bool) -> Iterator[Reading]:
    """In the order given, some of them ahead."""
    unreadable = 0
    for reading in _ahead(lambda content: _read(content, with_sm3), contents):
        unreadable = unreadable + 1 if reading.unreadable else 0
        if unreadable == GIVE_UP_AFTER:
            raise Unreachable(reading.content.place, reading.detail)
        yield reading


def _ahead(read: Callable[[Content], Reading], contents: Iterable[Content]) -> Iterator[Reading]:
    pool = ThreadPoolExecutor(READERS)
    waiting: deque[Future[Reading]] = deque()
    try:
        for content in contents:
            waiting.append(pool.submit(read, content))
            if len(waiting) == AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _read(content: Content, with_sm3: bool) -> Reading:
    expected = {"sha256": content.sha256} | ({"sm3": content.sm3} if with_sm3 else {})
    digests = {name: hashlib.new(name) for name in expected}
    size = 0
    try:
        for piece in pieces(content.place, content.path):
            size += len(piece)
            for digest in digests.values():
                digest.update(piece)
    except FileNotFoundError:
        return Reading(content, Fault.MISSING, detail="not found")
    except Exception as error:  # whatever a storage raises that is down, refuses, or breaks off
        return Reading(content, unreadable=True, detail=f"{type(error).__name__}: {error}")
    if size != content.size:
        return Reading(content, Fault.CHANGED, detail=f"{size} bytes instead of {content.size}")
    for name, digest in digests.items():
        if digest.hexdigest() != expected[name]:
            return Reading(content, Fault.CHANGED, detail=f"{name} is {digest.hexdigest()}")
    return Reading(content)


def _note_fault(rows: QuerySet[StoredFile], reading: Reading) -> None:
    for stored in rows.filter(reading.content.rows):
        faults.note(stored=stored, fault=reading.fault, detail=reading.detail)


def _note_sound(rows: QuerySet[StoredFile], contents: list[Content]) -> None:
    if not contents:
        return
    sound = rows.filter(reduce(operator.or_, [content.rows for content in contents]))
    for stored in sound.exclude(fault=""):
        faults.clear(stored=stored)
    sound.update(verified_at=timezone.now())
