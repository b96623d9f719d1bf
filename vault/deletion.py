"""Deletion: the row stays as a tombstone with its digests, the bytes go.

Which files may go, and who may decide it, is asked in `tasks/retention.py`, which knows the plans.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from portal.accounts.models import User
from portal.enqueue import enqueue
from portal.gate import pass_gate
from vault.enums import LIVE, TRANSITIONS
from vault.models import Extract, StoredFile
from vault.places import storage_of


@transaction.atomic
def delete(*, stored: StoredFile, reason: str, by: User) -> StoredFile:
    """Leave the tombstone; a worker takes the bytes once this is committed. `stored` is locked by the caller.

    A message that is lost leaves bytes that no row names, which the nightly clean-up takes away.
    """
    from vault.jobs import remove_bytes  # jobs call actions

    place, path = stored.place, stored.path
    tombstone = pass_gate(
        row=stored,
        name="delete",
        moves=TRANSITIONS,
        by=by,
        data={
            "name": stored.name,
            "size": stored.size,
            "sha256": stored.sha256,
            "sm3": stored.sm3,
            "reason": reason,
        },
        path="",
        fault="",  # of bytes that are gone nothing is wrong
        deleted_by=by,
        deleted_reason=reason,
    )
    Extract.objects.filter(stored=tombstone).delete()
    if path:
        enqueue(remove_bytes, str(tombstone.pk), place, path)
    return tombstone


def remove(*, tombstone_id: UUID | str, place: str, path: str) -> None:
    """Take away the bytes of a deleted file.

    They stay while another row names their path, or the institution brought the same content in again: those
    bytes lie at the same path, or are about to.
    """
    tombstone = StoredFile.objects.get(pk=tombstone_id)
    again = Q(institution=tombstone.institution_id, sha256=tombstone.sha256, state__in=LIVE)
    if not StoredFile.objects.filter(again | Q(place=place, path=path)).exists():
        storage_of(place).delete(path)
