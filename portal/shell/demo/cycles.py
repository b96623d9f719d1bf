"""The rounds of self-assessment: those that are over, and the one that is open."""

from __future__ import annotations

import datetime
from typing import Any

from assessments.enums import CycleKind
from assessments.models import Cycle
from plan.models import Plan
from portal.accounts.models import User
from portal.audit.actions import record
from portal.shell.demo.moments import DAY


def open_cycles(*, plan: Plan, today: datetime.date, by: User) -> list[Cycle]:
    """The two half-years before today's, and today's own, which is open by now."""
    starts_on = datetime.date(today.year, 1 if today.month <= 6 else 7, 1)
    cycles = []
    past = [(_half_years_later(starts_on, count), today) for count in (-2, -1)]
    for start, latest_opening in (*past, (starts_on, today - 40 * DAY)):
        cycle = Cycle.objects.create(plan=plan, kind=CycleKind.HALF_YEAR, **_half_year(start, latest_opening))
        record(action="cycle.opened", by=by, target=cycle, data={"plan": plan.slug})
        cycles.append(cycle)
    return cycles


def _half_years_later(day: datetime.date, count: int) -> datetime.date:
    years, half = divmod(day.year * 2 + (day.month > 6) + count, 2)
    return datetime.date(years, 1 + half * 6, 1)


def _half_year(starts_on: datetime.date, latest_opening: datetime.date) -> dict[str, Any]:
    """A cycle that opens with its period, or earlier, and is due on its last day."""
    half, english = ("上半年", "first half") if starts_on.month == 1 else ("下半年", "second half")
    ends_on = _half_years_later(starts_on, 1) - DAY
    return {
        "title": f"{starts_on.year}年{half}自评",
        "title_en": f"Self-assessment, {english} of {starts_on.year}",
        "period_starts_on": starts_on,
        "period_ends_on": ends_on,
        "opens_on": min(starts_on, latest_opening),
        "due_on": ends_on,
    }
