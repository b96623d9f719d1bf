"""The half-years that figures are compared with."""

from __future__ import annotations

import datetime


def last_half_year(day: datetime.date) -> datetime.date:
    """The last 30 June or 31 December before the day."""
    june = datetime.date(day.year, 6, 30)
    return june if day > june else datetime.date(day.year - 1, 12, 31)
