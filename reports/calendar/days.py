"""Entries on their days, and the days of a month."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.functional import Promise

from portal.working_days import festival, is_estimated, is_working_day
from reports.calendar import own, scope
from reports.calendar.entries import Entry, Reader, Wanted
from reports.calendar.enums import EntryKind

FIRST_YEAR, LAST_YEAR = 2000, 2099
MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
SHOWN_A_DAY = 3
WEEK = calendar.Calendar(calendar.MONDAY)


def entries_for(reader: Reader, wanted: Wanted) -> list[Entry]:
    """By day, and in a day by kind. Each kind costs one or two queries, however long the span or large the scope."""
    sources = scope.SOURCES if reader.membership.is_supervising else own.SOURCES
    found = [entry for kind in EntryKind if kind in wanted.kinds for entry in sources[kind](reader, wanted)]
    return sorted((entry for entry in found if entry.is_open or not wanted.only_open), key=lambda entry: entry.day)


@dataclass(frozen=True, order=True)
class Month:
    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """From `2026-11`. Raises ValueError for what is no month of FIRST_YEAR to LAST_YEAR."""
        if not (matched := MONTH.fullmatch(text)):
            raise ValueError(text)
        return cls(int(matched[1]), int(matched[2]))

    @classmethod
    def of(cls, day: datetime.date) -> Month:
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"

    @property
    def first(self) -> datetime.date:
        return datetime.date(self.year, self.number, 1)

    @property
    def last(self) -> datetime.date:
        return datetime.date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])

    @property
    def before(self) -> Month | None:
        return self._moved(-1)

    @property
    def after(self) -> Month | None:
        return self._moved(1)

    @property
    def is_estimated(self) -> bool:
        return is_estimated(self.first)

    def _moved(self, months: int) -> Month | None:
        year, index = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, index + 1) if FIRST_YEAR <= year <= LAST_YEAR else None


@dataclass(frozen=True)
class Day:
    date: datetime.date
    entries: Sequence[Entry]
    is_today: bool

    @property
    def is_free(self) -> bool:
        return not is_working_day(self.date)

    @property
    def festival(self) -> str | Promise | None:
        return festival(self.date)

    @property
    def shown(self) -> Sequence[Entry]:
        """What finds room in the month; one more rather than a line that says so."""
        return self.entries if self.more == 0 else self.entries[:SHOWN_A_DAY]

    @property
    def more(self) -> int:
        return len(self.entries) - SHOWN_A_DAY if len(self.entries) > SHOWN_A_DAY + 1 else 0


def days_of(month: Month, entries: Sequence[Entry], today: datetime.date) -> list[Day]:
    """Every day of the month, with its entries."""
    by_day = {day: list(found) for day, found in groupby(entries, key=lambda entry: entry.day)}
    dates = [month.first + datetime.timedelta(days=n) for n in range(month.last.day)]
    return [Day(date, by_day.get(date, []), date == today) for date in dates]


def weeks_of(days: Sequence[Day]) -> list[list[Day | None]]:
    """From Monday to Sunday; None for the days before and after the month."""
    first = days[0].date
    weeks = WEEK.monthdayscalendar(first.year, first.month)
    return [[days[number - 1] if number else None for number in week] for week in weeks]
