"""How far deadlines move, as an expression that the database computes for each row."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import DateField, F, Func, Max, Min, Value
from django.db.models.expressions import Combinable
from django.utils import timezone

from portal.notices.enums import DayUnit
from portal.working_days import later_each
from tasks.models import Assignment

MOST_DAYS = 366


class _DaysLater(Func):
    template = "(%(expressions)s)"
    arg_joiner = " + "
    output_field = DateField()


class _PlaceInList(Func):
    """The element of a list of days that comes as many places after its first as `day` comes after `first`."""

    output_field = DateField()

    def __init__(self, days: list[datetime.date], day: Combinable, first: datetime.date) -> None:
        super().__init__(Value(days, ArrayField(DateField())), day, Value(first, DateField()))

    def as_sql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, list[Any]]:
        days, day, first = (compiler.compile(one) for one in self.get_source_expressions())
        return f"({days[0]})[{day[0]} - {first[0]}::date + 1]", [*days[1], *day[1], *first[1]]


@dataclass(frozen=True)
class Term:
    """Until one day for all, or so many days from each one's own deadline."""

    until: datetime.date | None = None
    days: int | None = None
    unit: DayUnit | None = None

    def new_deadline(self) -> Combinable:
        """Of an assignment's row; working days are looked up in a list that covers every deadline there is."""
        if self.until:
            return Value(self.until, DateField())
        if self.unit == DayUnit.CALENDAR:
            return _DaysLater(F("deadline"), Value(self.days))
        first, last = _all_deadlines()
        return _PlaceInList(list(later_each(first, last, self.days or 0)), F("deadline"), first)


def _all_deadlines() -> tuple[datetime.date, datetime.date]:
    found = Assignment.objects.aggregate(first=Min("deadline"), last=Max("deadline"))
    today = timezone.localdate()
    return found["first"] or today, found["last"] or today
