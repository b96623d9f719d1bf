"""By which ways a person is told outside the portal: their own settings, and what already waits to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.accounts.actions import save_profile
from portal.accounts.models import User
from portal.audit.actions import record
from portal.notices.enums import REMINDERS, STATUTORY, Channel, DeliveryState, Needless, NoticeKind, Pace
from portal.notices.jobs import wake
from portal.notices.models import Delivery, Route
from portal.notices.outside import NEAR_DAYS, next_digest
from portal.notices.querysets import DeliveryQuerySet
from portal.notices.secrets import seal
from portal.notices.webhooks import send_test
from portal.working_days import DAY


@dataclass(frozen=True)
class Way:
    """What a person wants of a channel; an empty address or secret leaves the one that is there."""

    channel: Channel
    is_active: bool
    pace: Pace
    statutory_only: bool = False
    address: str = ""
    secret: str = ""


@transaction.atomic
def save_ways(*, ways: Sequence[Way], language: str, by: User) -> None:
    """One's own settings. What waits for a channel follows it: to its new pace, or to the channels that remain.

    At least one way is active: the form sees to it.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if user.language != language:
        save_profile(user=by, name=by.name, language=language)
    before = {route.channel: route for route in Route.objects.visible_to(by)}
    after = [route for way in ways if (route := _save(way, before.get(way.channel), by))]
    active = [route for route in after if route.is_active]
    was_active = {channel for channel, route in before.items() if route.is_active} or {Channel.EMAIL}
    handed_over = was_active - {route.channel for route in active}
    _hand_over(_waiting(by).filter(channel__in=handed_over), active)
    for route in active:
        was = before.get(route.channel)
        if handed_over or not was or was.pace != route.pace:
            _retime(_waiting(by).filter(channel=route.channel, attempts=0), Pace(route.pace))
    record(action="notices.ways_saved", by=by, target=by, data={way.channel: _told(way) for way in ways})
    wake()


def send_test_message(*, route: Route, by: User) -> str:
    """Send a message that says it is a test; what the receiver answered. Raises BadTarget or Refused."""
    record(action="notices.way_tested", by=by, target=route, data={"channel": route.channel})
    return send_test(route)


def _save(way: Way, route: Route | None, by: User) -> Route | None:
    """The channel's row; none for a webhook that never had an address."""
    if not route and way.channel != Channel.EMAIL and not way.address:
        return None
    saved = copy(route) if route else Route(user=by, channel=way.channel)
    saved.is_active, saved.pace, saved.statutory_only = way.is_active, way.pace, way.statutory_only
    saved.address = way.address or saved.address
    saved.secret = seal(way.secret) or saved.secret
    saved.save()
    return saved


def _told(way: Way) -> dict[str, object]:
    """What the audit record says: neither address nor secret."""
    return {
        "is_active": way.is_active,
        "pace": way.pace,
        "statutory_only": way.statutory_only,
        "address_changed": bool(way.address),
        "secret_changed": bool(way.secret),
    }


def _waiting(user: User) -> DeliveryQuerySet:
    """In nobody's hands, and still to be sent."""
    return Delivery.objects.filter(notice__recipient=user, state=DeliveryState.PENDING, claimed_by=None)


def _hand_over(waiting: DeliveryQuerySet, active: Sequence[Route]) -> None:
    """To every remaining channel that carries the notice, or to the first, so that nothing is lost."""
    rows = list(waiting.select_related("notice").select_for_update(of=("self",)))
    Delivery.objects.bulk_create(
        [
            Delivery(notice=row.notice, channel=route.channel)
            for row in rows
            for route in [one for one in active if _carries(one, row)] or active[:1]
        ],
        ignore_conflicts=True,
    )
    ids = [row.pk for row in rows]
    Delivery.objects.filter(pk__in=ids).update(state=DeliveryState.DROPPED, last_error=Needless.HANDED_OVER)


def _carries(route: Route, row: Delivery) -> bool:
    return not route.statutory_only or bool(row.notice and row.notice.kind in STATUTORY)


def _retime(waiting: DeliveryQuerySet, pace: Pace) -> None:
    """No digest holds back a deadline that is near."""
    now = timezone.now()
    soon = (timezone.localdate(now) + NEAR_DAYS * DAY).isoformat()
    is_near = Q(notice__kind=NoticeKind.ESCALATED) | Q(notice__kind__in=REMINDERS, notice__data__deadline__lte=soon)
    ids = list(waiting.filter(is_near).values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=ids).update(next_attempt_at=now)
    waiting.exclude(pk__in=ids).update(next_attempt_at=next_digest(pace, now))
