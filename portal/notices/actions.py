"""Tell people: rows in the outbox, written in the transaction of the change they tell of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from portal.accounts.access import check
from portal.accounts.models import Invitation, User
from portal.audit.actions import record
from portal.notices.enums import Channel, DeliveryState, NoticeKind
from portal.notices.jobs import wake
from portal.notices.models import Delivery, Route
from portal.notices.permissions import can_operate
from portal.notices.querysets import DeliveryQuerySet
from portal.notices.telling import tell


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
    tell(recipients=recipients, kind=kind, key=key, path=path, data=data, institution=institution)
    wake()


@transaction.atomic
def send_invitation(*, invitation: Invitation) -> None:
    """Mail the link of an invitation. It goes to an address that may have no account, so it is no notice."""
    Delivery.objects.create(invitation=invitation)
    wake()


@transaction.atomic
def stop_digest(*, by: User) -> None:
    """From now on mail carries only what the person is obliged to know; by the link in a digest, without signing in."""
    Route.objects.update_or_create(user=by, channel=Channel.EMAIL, defaults={"statutory_only": True})
    record(action="notices.digest_stopped", by=by)


@transaction.atomic
def try_again(*, deliveries: DeliveryQuerySet, by: User) -> int:
    """Send parked deliveries once more, with all their attempts; returns how many."""
    check(can_operate(by))
    parked = deliveries.filter(state=DeliveryState.PARKED)
    count = parked.update(state=DeliveryState.PENDING, attempts=0, next_attempt_at=Now(), last_error="")
    record(action="notices.tried_again", by=by, data={"deliveries": count})
    wake()
    return count


@transaction.atomic
def mark_read(*, notices, by: User) -> int:
    """Mark the reader's own notices as read; returns how many were new."""
    return notices.visible_to(by).unread().update(read_at=timezone.now())
