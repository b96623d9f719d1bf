"""How the outbox does: the figures of the operator's page and of `manage.py outbox`, each counted along an index."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Count, Min
from django.utils import timezone

from portal.notices.enums import Channel, DeliveryState
from portal.notices.models import Delivery, ReminderRun
from portal.notices.reminders import mornings
from portal.working_days import KNOWN_UNTIL

# In December the State Council has published the next year's holidays.
NEXT_YEAR_FROM_MONTH = 12


@dataclass(frozen=True)
class Queue:
    """What waits on one channel. `later` is not due yet: a digest, or another attempt."""

    channel: str
    due: int
    later: int
    oldest: datetime.datetime | None

    @property
    def label(self) -> str:
        return str(Channel(self.channel).label)


@dataclass(frozen=True)
class Outbox:
    queues: list[Queue]
    in_hand: int
    sent_today: int
    parked: int
    bounced: int
    last_run: datetime.datetime | None
    last_run_told: int
    next_run: datetime.datetime
    calendar_known_until: int
    calendar_is_short: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def outbox(now: datetime.datetime | None = None) -> Outbox:
    now = timezone.localtime(now)
    in_trouble = _by_state()
    runs = list(ReminderRun.objects.filter(day=ReminderRun.objects.values("day")[:1]))
    return Outbox(
        queues=_queues(now),
        in_hand=Delivery.objects.exclude(claimed_by=None).count(),
        sent_today=Delivery.objects.filter(sent_at__gte=now.replace(hour=0, minute=0, second=0, microsecond=0)).count(),
        parked=in_trouble.get(DeliveryState.PARKED, 0),
        bounced=in_trouble.get(DeliveryState.BOUNCED, 0),
        last_run=max((timezone.localtime(run.ended_at) for run in runs), default=None),
        last_run_told=sum(run.told for run in runs),
        next_run=mornings.next_run(now),
        calendar_known_until=KNOWN_UNTIL,
        calendar_is_short=calendar_is_short(now.date()),
    )


def calendar_is_short(today: datetime.date) -> bool:
    """Whether working days that matter already are only estimated."""
    return today.year + (today.month >= NEXT_YEAR_FROM_MONTH) > KNOWN_UNTIL


def _queues(now: datetime.datetime) -> list[Queue]:
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING, claimed_by=None).order_by().values("channel")
    due = {
        row["channel"]: row
        for row in waiting.filter(next_attempt_at__lte=now).annotate(number=Count("pk"), oldest=Min("next_attempt_at"))
    }
    later = {
        row["channel"]: row["number"] for row in waiting.filter(next_attempt_at__gt=now).annotate(number=Count("pk"))
    }
    nothing = {"number": 0, "oldest": None}
    return [
        Queue(
            channel=channel.value,
            due=due.get(channel, nothing)["number"],
            later=later.get(channel, 0),
            oldest=due.get(channel, nothing)["oldest"],
        )
        for channel in Channel
    ]


def _by_state() -> dict[str, int]:
    troubled = Delivery.objects.filter(state__in=[DeliveryState.PARKED, DeliveryState.BOUNCED])
    return dict(troubled.order_by().values_list("state").annotate(number=Count("pk")))
