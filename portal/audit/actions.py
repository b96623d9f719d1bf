"""Write an audit record, and prove that none was changed since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from portal.audit.canonical import as_plain, canonical_json, digests
from portal.audit.models import AuditEvent

LEDGER_LOCK = 7401  # the advisory lock's first key; the second is the institution's id, or 0


@transaction.atomic
def record(
    *,
    action: str,
    by,
    target: models.Model | None = None,
    institution=None,
    data: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append one event to the institution's ledger, inside the transaction of the change it tells of.

    `by` is the acting user, or None for a job or an operator's command.
    """
    institution_id = institution.pk if institution else None
    _lock_ledger(institution_id)
    previous = AuditEvent.objects.filter(institution=institution_id).order_by("-pk").first()
    event = AuditEvent(
        at=timezone.now(),
        actor=by,
        action=action,
        institution_id=institution_id,
        target_type=target._meta.label_lower if target else "",
        target_id=str(target.pk) if target else "",
        data=as_plain(data or {}),
        previous_digest=previous.digest if previous else "",
    )
    event.digest = digest_of(event)
    event.save(force_insert=True)
    return event


def _lock_ledger(institution_id: int | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LEDGER_LOCK, institution_id or 0])


def digest_of(event: AuditEvent) -> str:
    """SHA-256 over the event's content and the digest before it."""
    content = {
        "at": event.at,
        "actor": event.actor_id,
        "action": event.action,
        "institution": event.institution_id,
        "target": [event.target_type, event.target_id],
        "data": event.data,
        "previous": event.previous_digest,
    }
    return digests(canonical_json(content)).sha256


def verify(institution_id: int | None = None) -> Iterator[AuditEvent]:
    """The events of a ledger that do not fit their digest or the one before them, oldest first."""
    previous = ""
    for event in AuditEvent.objects.filter(institution=institution_id).order_by("pk").iterator():
        if event.digest != digest_of(event) or event.previous_digest != previous:
            yield event
        previous = event.digest
