"""What a night takes away: bytes that no row names any more, once they are a day old, and quarantine that is over.

A day is far longer than any step between a copy and its row. What belongs to nothing known here stays: that is for
a person to look at, after `verify_evidence` has named it.
"""

from __future__ import annotations

import datetime
import logging

from django.conf import settings
from django.db import transaction
from django.db.models import Exists
from django.utils import timezone

from portal.audit.actions import record
from vault.enums import FileState, Place
from vault.keeping import keep_still
from vault.models import LegalHold, StoredFile
from vault.places import served_places, stop_unfinished_uploads, storage_of, walk
from vault.strays import StrayKind, is_stray, strays

logger = logging.getLogger(__name__)
OLD = datetime.timedelta(days=1)
PIECEWISE = ".part"  # an upload that is under way; its own job clears it (`tasks/uploads.py`)


def clean_up(*, now: datetime.datetime | None = None) -> dict[str, int]:
    """Take away what may go; returns how many objects of each sort went. Safe to run twice, and at once."""
    before = (now or timezone.now()) - OLD
    gone = {
        "quarantine_over": empty_quarantine(now=now or timezone.now()),
        "incoming": _remove_unnamed(Place.INCOMING, before),
        "quarantine": _remove_unnamed(Place.QUARANTINE, before),
        "left_behind": _remove_strays(StrayKind.LEFT_BEHIND, before),
        "unfinished": sum(stop_unfinished_uploads(place, before=before) for place in served_places()),
    }
    if any(gone.values()):
        record(action="storage.cleaned", by=None, data=gone)
    return gone


def remove_orphans() -> int:
    """Remove what belongs to nothing known here and is a day old; returns how many objects that were."""
    removed = _remove_strays(StrayKind.ORPHAN, timezone.now() - OLD)
    if removed:
        record(action="storage.orphans_removed", by=None, data={"objects": removed})
    return removed


def empty_quarantine(*, now: datetime.datetime) -> int:
    """Let go of malware that was kept long enough. That it was found, and its digests, stay on the row."""
    since = now - datetime.timedelta(days=settings.QUARANTINE_DAYS)
    over = StoredFile.objects.filter(state=FileState.QUARANTINED, quarantined_at__lt=since).exclude(path="")
    emptied = 0
    for stored in over.select_related("institution"):
        place, path = stored.place, stored.path
        if _empty(stored):
            storage_of(place).delete(path)
            emptied += 1
    return emptied


@transaction.atomic
def _empty(stored: StoredFile) -> int:
    """Unless a legal hold stands, or another run did it."""
    keep_still([stored.institution_id])
    held = LegalHold.objects.standing().filter(institution=stored.institution_id)
    is_mine = StoredFile.objects.filter(~Exists(held), pk=stored.pk).exclude(path="").update(path="")
    if is_mine:
        record(
            action="storedfile.quarantine_over",
            by=None,
            target=stored,
            institution=stored.institution,
            data={"sha256": stored.sha256},
        )
    return is_mine


def _remove_unnamed(place: Place, before: datetime.datetime) -> int:
    """In these places nothing lies for long, and everything has a row from its first second on."""
    old = [lying.path for lying in walk(place) if lying.modified_at < before and not lying.path.endswith(PIECEWISE)]
    named = set(StoredFile.objects.filter(place=place).exclude(path="").values_list("path", flat=True))
    unnamed = [path for path in old if path not in named]
    for path in unnamed:
        storage_of(place).delete(path)
    return len(unnamed)


def _remove_strays(kind: StrayKind, before: datetime.datetime) -> int:
    """Each is looked at once more right before it goes."""
    removed = 0
    for stray in strays():
        if stray.kind is kind and stray.lying.modified_at < before and is_stray(stray):
            storage_of(stray.place).delete(stray.lying.path)
            logger.info("Removed %s, %s:%s", kind, stray.place, stray.lying.path)
            removed += 1
    return removed
