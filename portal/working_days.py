"""Working days in China: official holidays and make-up working days, as chinesecalendar has them year by year.

The State Council publishes a year's holidays late in the year before. For years the library does not know yet, days
are estimated: Monday to Friday.
"""

from __future__ import annotations

import datetime
from functools import lru_cache

import chinese_calendar
from chinese_calendar.constants import holidays

DAY = datetime.timedelta(days=1)
KNOWN_UNTIL = max(day.year for day in holidays)
KNOWN_FROM = min(day.year for day in holidays)


def is_estimated(day: datetime.date) -> bool:
    """Whether the official holidays of that year are not known."""
    return not KNOWN_FROM <= day.year <= KNOWN_UNTIL


@lru_cache(maxsize=4096)
def is_working_day(day: datetime.date) -> bool:
    try:
        return chinese_calendar.is_workday(day)
    except NotImplementedError:
        return day.weekday() < 5


def on_or_before(day: datetime.date) -> datetime.date:
    """The day itself if one works on it, else the last working day before it."""
    while not is_working_day(day):
        day -= DAY
    return day


def on_or_after(day: datetime.date) -> datetime.date:
    """The day itself if one works on it, else the next working day."""
    while not is_working_day(day):
        day += DAY
    return day


def shifted(day: datetime.date, working_days: int) -> datetime.date:
    """So many working days after the day, before it if negative; the day itself does not count."""
    step = DAY if working_days > 0 else -DAY
    for _ in range(abs(working_days)):
        day += step
        while not is_working_day(day):
            day += step
    return day
