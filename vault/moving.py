"""Move checked files from disk to S3 or back, while both are served.

Each path is copied, read again at its new place, named there by its rows, and only then removed at the old one. So
it may be interrupted anywhere and begun again; several runs share the work.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from portal.audit.actions import record
from portal.locks import held
from vault.enums import Place
from vault.models import StoredFile
from vault.places import check_reachable, copy, storage_of

logger = logging.getLogger(__name__)
OTHER = {Place.DISK: Place.S3, Place.S3: Place.DISK}


class Moved(NamedTuple):
    """What became of one path: moved, or why it wasn't. `size` in bytes."""

    path: str
    size: int
    error: str = ""


def move(*, to: Place, limit: int | None = None) -> Iterator[Moved]:
    """Move what lies in the other place, at most `limit` paths. Raises Unreachable when a place isn't there."""
    if waiting(to=to).exists():
        check_reachable(OTHER[to])
        if to == Place.S3:  # folders on disk are made
            check_reachable(to)
    objects = size = 0
    try:
        for content in waiting(to=to)[:limit].iterator():
            with held(f"move {content[0]}") as is_held:
                outcome = _move(*content, to) if is_held else None
            if outcome and not outcome.error:
                objects, size = objects + 1, size + outcome.size
            if outcome:
                yield outcome
    finally:
        if objects:
            record(action="storage.moved", by=None, data={"to": to, "objects": objects, "bytes": size})


def waiting(*, to: Place) -> QuerySet:
    """Path, size and digest of what still lies in the other place, each path once."""
    rows = StoredFile.objects.clean().filter(place=OTHER[to]).exclude(path="")
    return rows.order_by("path").values_list("path", "size", "sha256").distinct()


def _move(path: str, size: int, sha256: str, to: Place) -> Moved | None:
    """None when another run has moved it, or it was deleted meanwhile."""
    rows = StoredFile.objects.clean().filter(place=OTHER[to], path=path, sha256=sha256)
    try:
        if not rows.exists():
            return None
        copy(source=(OTHER[to], path), target=(to, path), sha256=sha256)
    except Exception as error:  # one file that cannot be read or written must not keep the others
        logger.error("%s was not moved to %s: %s", path, to, error)
        return Moved(path, size, f"{type(error).__name__}: {error}")
    if not rows.update(place=to, verified_at=timezone.now()):
        return None  # deleted meanwhile: the copy is the nightly clean-up's
    if not StoredFile.objects.filter(place=OTHER[to], path=path).exists():
        storage_of(OTHER[to]).delete(path)
    return Moved(path, size)
