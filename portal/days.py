"""Days of Asia/Shanghai as moments."""

from __future__ import annotations

import datetime

from django.utils import timezone

# What has no end yet ends then: a time that can be compared and lies in an index, as no null does.
NEVER = datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC)


def end_of(day: datetime.date) -> datetime.datetime:
    """The moment at which a day is over."""
    return timezone.make_aware(datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min))
