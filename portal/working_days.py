"""Working days in China: official holidays and make-up working days, as chinesecalendar has them year by year.

The State Council publishes a year's holidays late in the year before. For years the library does not know yet, days
are estimated: Monday to Friday.
"""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

import chinese_calendar
from chinese_calendar.constants import Holiday, holidays, workdays
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

DAY = datetime.timedelta(days=1)
KNOWN_UNTIL = max(day.year for day in holidays)
KNOWN_FROM = min(day.year for day in holidays)
FESTIVALS = {
    Holiday.new_years_day: gettext_lazy("元旦"),
    Holiday.spring_festival: gettext_lazy("春节"),
    Holiday.tomb_sweeping_day: gettext_lazy("清明节"),
    Holiday.labour_day: gettext_lazy("劳动节"),
    Holiday.dragon_boat_festival: gettext_lazy("端午节"),
    Holiday.national_day: gettext_lazy("国庆节"),
    Holiday.mid_autumn_festival: gettext_lazy("中秋节"),
    Holiday.anti_fascist_70th_day: gettext_lazy("抗战胜利纪念日"),
}


def is_estimated(day: datetime.date) -> bool:
    """Whether the official holidays of that year are not known."""
    return not KNOWN_FROM <= day.year <= KNOWN_UNTIL


def festival(day: datetime.date) -> str | Promise | None:
    """The official holiday that makes the day free, or in exchange for which it is worked; None on any other day."""
    name = holidays.get(day) or workdays.get(day)
    return FESTIVALS[Holiday(name)] if name else None


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


def later_each(first: datetime.date, last: datetime.date, working_days: int) -> Iterator[datetime.date]:
    """For every day from the first to the last, the day so many working days later; each is looked at once."""
    ahead = _working_days_after(first)
    window = deque(islice(ahead, working_days))
    day = first
    while day <= last:
        yield window[-1]
        day += DAY
        if is_working_day(day):
            window.popleft()
            window.append(next(ahead))


def _working_days_after(day: datetime.date) -> Iterator[datetime.date]:
    while True:
        day = on_or_after(day + DAY)
        yield day
