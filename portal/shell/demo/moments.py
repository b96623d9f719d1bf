"""Days and times of the invented past: working hours on working days, and never later than yesterday."""

from __future__ import annotations

import datetime
import random

from django.utils import timezone

Day = datetime.date
DAY = datetime.timedelta(days=1)

# Steps of one day's work in their order, so that what happens on one day still happens in order.
STARTED, WRITTEN, HANDED_IN_FIRST, HANDED_IN, SENT_BACK, SIGNED, REVIEWED = 8, 9, 10, 11, 13, 15, 17


def working_day(day: Day) -> Day:
    """The day itself, or the Friday before a weekend."""
    return day - max(0, day.weekday() - 4) * DAY


def at(day: Day, hour: int, rng: random.Random) -> datetime.datetime:
    """Some minute of that hour on the working day."""
    time = datetime.time(hour, rng.randrange(60), rng.randrange(60))
    return datetime.datetime.combine(working_day(day), time, timezone.get_default_timezone())


def between(earliest: Day, latest: Day, rng: random.Random) -> Day:
    """Some day of the two or between; the latest where they cross."""
    span = max(0, (latest - earliest).days)
    return latest - rng.randint(0, span) * DAY
