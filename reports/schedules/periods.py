"""Months and quarters, as days of Asia/Shanghai. A period is known by its last day."""

from __future__ import annotations

import datetime

from reports.schedules.enums import Frequency

DAY = datetime.timedelta(days=1)
MONTHS = {Frequency.MONTHLY: 1, Frequency.QUARTERLY: 3}


def end_of(frequency: str, day: datetime.date) -> datetime.date:
    """The last day of the period that the day is in."""
    months = MONTHS[Frequency(frequency)]
    year, month = divmod(day.year * 12 + _first_month(day, months) + months, 12)
    return datetime.date(year, month + 1, 1) - DAY


def last_ended(frequency: str, day: datetime.date) -> datetime.date:
    """The last day of the newest period that is over when the day begins."""
    return day.replace(month=_first_month(day, MONTHS[Frequency(frequency)]) + 1, day=1) - DAY


def _first_month(day: datetime.date, months: int) -> int:
    """Of the period, counted from 0."""
    return (day.month - 1) // months * months
