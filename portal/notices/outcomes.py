"""What became of a message: sent, to be tried again, parked, needless. Written at once, in a statement of its own."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Case, DurationField, Q, Value, When
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import Role
from portal.accounts.models import Institution, User
from portal.notices.claims import Parcel, Run
from portal.notices.enums import STATUTORY, Channel, DeliveryState, Needless, NoticeKind
from portal.notices.models import Delivery, Notice
from portal.notices.querysets import DeliveryQuerySet
from portal.notices.telling import tell

logger = logging.getLogger(__name__)

# After each failed attempt; when they are used up, the delivery is parked.
DELAYS = [datetime.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60)]
MAX_ATTEMPTS = len(DELAYS) + 1
DELAY = Case(
    *[When(attempts=number, then=Value(delay)) for number, delay in enumerate(DELAYS, start=1)],
    default=Value(DELAYS[-1]),
    output_field=DurationField(),
)
ERROR_CHARACTERS = 500
# What a notice says of its matter, and nothing of the person told.
ABOUT = ("number", "title", "title_en", "reference", "count")


class Proof(NamedTuple):
    """Whither a message went, under which identifier, and what the other side said."""

    address: str
    message_id: str
    answer: str


def sent(run: Run, parcel: Parcel, proof: Proof) -> None:
    """It is written while the next message is made, and waited for before that leaves."""
    run.background.execute("{" + ",".join(map(str, parcel.ids)) + "}", str(run.number), *proof)


def failed(run: Run, parcel: Parcel, error: str, *, is_final: bool = False) -> None:
    """Try again later, or give up after the last attempt."""
    run.background.settle()
    rows = run.holds(parcel)
    over = Q() if is_final else Q(attempts__gte=MAX_ATTEMPTS)
    park(rows.filter(over), error)
    rows.update(claimed_by=None, next_attempt_at=Now() + DELAY, last_error=error[:ERROR_CHARACTERS])
    logger.warning("Delivery %s failed (attempt %s): %s", parcel.ids[0], parcel.deliveries[0].attempts, error)


def drop(run: Run, ids: Sequence[int], reason: Needless) -> None:
    rows = Delivery.objects.filter(pk__in=ids, claimed_by=run.number)
    rows.update(state=DeliveryState.DROPPED, claimed_by=None, last_error=reason)


@transaction.atomic
def park(rows: DeliveryQuerySet, error: str) -> None:
    """Give up. What a person is obliged to know goes by e-mail then; of a person who can't be told others are told."""
    parked = list(rows.select_related("notice__recipient", "notice__institution").select_for_update(of=("self",)))
    Delivery.objects.filter(pk__in=[delivery.pk for delivery in parked]).update(
        state=DeliveryState.PARKED, claimed_by=None, last_error=error[:ERROR_CHARACTERS]
    )
    notices = [delivery.notice for delivery in parked if delivery.notice and delivery.channel != Channel.EMAIL]
    by_mail = [Delivery(notice=notice) for notice in notices if notice.kind in STATUTORY]
    Delivery.objects.bulk_create(by_mail, ignore_conflicts=True)
    mailed = {delivery.notice_id for delivery in by_mail}
    tell_of_failure([row.notice for row in parked if row.notice and row.notice_id not in mailed])


def tell_of_failure(notices: Sequence[Notice]) -> None:
    """Tell the liaisons who can reach the person otherwise, once a day; never of a notice that tells of a failure."""
    first = {notice.recipient_id: notice for notice in reversed(notices) if notice.kind != NoticeKind.DELIVERY_FAILED}
    for notice in first.values():
        person = notice.recipient
        for institution in _institutions(person, notice):
            tell(
                recipients=_liaisons(institution).exclude(pk=person.pk),
                kind=NoticeKind.DELIVERY_FAILED,
                key=f"delivery-failed:{person.pk}:{timezone.localdate()}",
                path=reverse("accounts:people"),
                data={"person": person.name} | {name: notice.data[name] for name in ABOUT if name in notice.data},
                institution=institution,
            )


def _institutions(person: User, notice: Notice) -> list[Institution]:
    """Where the person works on it; a supervisor works in none."""
    own = Institution.objects.filter(memberships__user=person, memberships__is_active=True).distinct()
    return list(own.filter(pk=notice.institution_id) if notice.institution_id else own)


def _liaisons(institution: Institution):
    return User.objects.filter(
        is_active=True,
        memberships__institution=institution,
        memberships__is_active=True,
        memberships__role=Role.LIAISON,
    ).distinct()
