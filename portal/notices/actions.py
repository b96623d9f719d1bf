"""Tell people: rows in the outbox, written in the transaction of the change they tell of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.notices.enums import NoticeKind
from portal.notices.models import Delivery, Notice


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
    """Tell each recipient once, in the inbox and by e-mail; an event already told is not told again."""
    people = list(recipients)
    notices = [
        Notice(recipient=person, kind=kind, key=key, path=path, data=data, institution=institution)
        for person in people
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    told = Notice.objects.filter(recipient__in=people, key=key)
    Delivery.objects.bulk_create([Delivery(notice=notice) for notice in told], ignore_conflicts=True)


@transaction.atomic
def mark_read(*, notices, by: User) -> int:
    """Mark the reader's own notices as read; returns how many were new."""
    return notices.visible_to(by).unread().update(read_at=timezone.now())
