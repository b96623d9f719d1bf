"""Days as moments, and the half-years that figures are compared with."""

from __future__ import annotations

import datetime

from django.utils import timezone


def end_of(day: datetime.date) -> datetime.datetime:
    """The moment at which a day of Asia/Shanghai is over."""
    return timezone.make_aware(datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min))


def last_half_year(day: datetime.date) -> datetime.date:
    """The last 30 June or 31 December before the day."""
    june = datetime.date(day.year, 6, 30)
    return june if day > june else datetime.date(day.year - 1, 12, 31)
