"""Days of Asia/Shanghai as moments."""

from __future__ import annotations

import datetime

from django.utils import timezone


def end_of(day: datetime.date) -> datetime.datetime:
    """The moment at which a day is over."""
    return timezone.make_aware(datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time.min))
