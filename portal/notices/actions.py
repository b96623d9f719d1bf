"""Tell people: rows in the outbox, written in the transaction of the change they tell of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from portal.accounts.models import Invitation, User
from portal.enqueue import enqueue
from portal.notices import jobs
from portal.notices.enums import NoticeKind
from portal.notices.models import Delivery, Notice
from portal.notices.outside import OUTSIDE, parameters

DELIVER = f"""
    WITH told AS (
        SELECT id, recipient_id, false AS is_near FROM notices_notice
        WHERE key = %(key)s AND recipient_id = ANY(%(recipients)s)
    )
    {OUTSIDE}
"""  # noqa: S608 - constants


@transaction.atomic
def notify(
    *,
    recipients: Iterable[User],
    kind: NoticeKind,
    key: str,
    path: str,
    data: dict[str, Any],
    institution=None,
) -> None:
    """Tell each recipient once, in the inbox and as they set it; an event already told is not told again."""
    people = list(recipients)
    notices = [
        Notice(recipient=person, kind=kind, key=key, path=path, data=data, institution=institution) for person in people
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(DELIVER, {"key": key, "recipients": [person.pk for person in people], **parameters(kind)})
    enqueue(jobs.deliver_notices)


@transaction.atomic
def send_invitation(*, invitation: Invitation) -> None:
    """Mail the link of an invitation. It goes to an address that may have no account, so it is no notice."""
    Delivery.objects.create(invitation=invitation)
    enqueue(jobs.deliver_notices)


@transaction.atomic
def mark_read(*, notices, by: User) -> int:
    """Mark the reader's own notices as read; returns how many were new."""
    return notices.visible_to(by).unread().update(read_at=timezone.now())
