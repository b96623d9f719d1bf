"""Which ways a notice leaves the portal by, and when: one statement for one notice and for a morning's 600,000.

A digest goes out at 09:00 of the next working day, or of the next week's first working day, after the reminders of
the morning are planned. It never holds back a deadline that is near: from a week before on a reminder goes at once.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from portal.notices.enums import STATUTORY, Channel, DeliveryState, NoticeKind, Pace
from portal.working_days import DAY, on_or_after

DIGEST_TIME = datetime.time(9, 0)  # Asia/Shanghai
NEAR_DAYS = 7

# After a `told` of ids, recipients and whether the matter is near.
OUTSIDE = """
    INSERT INTO notices_delivery
        (notice_id, channel, state, attempts, next_attempt_at, address, message_id, answer, last_error)
    SELECT told.id, coalesce(route.channel, %(email)s), %(pending)s, 0,
        CASE WHEN told.is_near THEN now()
             WHEN route.pace = %(daily)s THEN %(next_daily)s
             WHEN route.pace = %(weekly)s THEN %(next_weekly)s
             ELSE now() END,
        '', '', '', ''
    FROM told
    LEFT JOIN notices_route route ON route.user_id = told.recipient_id AND route.is_active
    WHERE route.id IS NULL OR %(statutory)s OR NOT route.statutory_only
    ON CONFLICT DO NOTHING
"""


def parameters(kind: NoticeKind, now: datetime.datetime | None = None) -> dict[str, Any]:
    now = now or timezone.now()
    return {
        "email": Channel.EMAIL,
        "pending": DeliveryState.PENDING,
        "daily": Pace.DAILY,
        "weekly": Pace.WEEKLY,
        "next_daily": next_digest(Pace.DAILY, now),
        "next_weekly": next_digest(Pace.WEEKLY, now),
        "statutory": kind in STATUTORY,
    }


def next_digest(pace: Pace, now: datetime.datetime) -> datetime.datetime:
    """When what happens now is sent at this pace."""
    here = timezone.localtime(now)
    if pace == Pace.AT_ONCE:
        return here
    day = here.date()
    if pace == Pace.WEEKLY:
        return _first_after(here, on_or_after(_monday(day)), on_or_after(_monday(day) + 7 * DAY))
    return _first_after(here, on_or_after(day), on_or_after(day + DAY))


def _first_after(now: datetime.datetime, *days: datetime.date) -> datetime.datetime:
    moments = [datetime.datetime.combine(day, DIGEST_TIME, now.tzinfo) for day in days]
    return next(moment for moment in moments if moment > now)


def _monday(day: datetime.date) -> datetime.date:
    return day - day.weekday() * DAY
