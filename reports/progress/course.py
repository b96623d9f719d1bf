"""How work came in over the weeks of a plan, against what its deadlines asked for."""

from __future__ import annotations

import datetime
from collections import Counter
from itertools import accumulate
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from plan.models import Plan, Task, Theme
from portal.accounts.querysets import InstitutionQuerySet
from reports.cells import counts
from reports.flows import flows
from tasks.enums import AssignmentState

S = AssignmentState
WEEK = datetime.timedelta(days=7)

COURSE_RULE = _(
    "“应完成”为完成期限已到的适用任务数，按截至日的完成期限计算，期限延长后以新期限为准；"
    "“已签署报送”含已验收，退回和撤回的不计。每周一个点，最后一个点为截至日。"
)


class Week(NamedTuple):
    """How things stood at the end of a day. After the day asked for only `due` is known."""

    day: datetime.date
    due: int
    signed: int | None = None
    accepted: int | None = None


def stood(institutions: InstitutionQuerySet, *, plan: Plan, day: datetime.date, theme: Theme | None = None) -> Week:
    """How much was due, signed and accepted by the end of one day, as known then; in two queries."""
    states, due = Counter[str](), 0
    for (deadline,), state, number, _late in counts(institutions, plan=plan, day=day, by=("deadline",), theme=theme):
        states[state] += number
        due += number if deadline <= day and state != S.NOT_APPLICABLE else 0
    return Week(day, due, states[S.SUBMITTED] + states[S.ACCEPTED], states[S.ACCEPTED])


def course(
    institutions: InstitutionQuerySet,
    *,
    plan: Plan,
    day: datetime.date,
    theme: Theme | None = None,
    task: Task | None = None,
) -> list[Week]:
    """A point a week from the plan's beginning to its end, one of them the day itself, in four queries."""
    moved = flows(institutions, plan=plan, day=day, states=(S.SUBMITTED, S.ACCEPTED), theme=theme, task=task)
    deadlines = Counter[datetime.date]()
    found = counts(institutions, plan=plan, day=day, by=("deadline",), theme=theme, task=task)
    for (deadline,), state, number, _late in found:
        if state != S.NOT_APPLICABLE:
            deadlines[deadline] += number
    days = _weeks(plan, day)
    until_now = [one for one in days if one <= day]
    accepted = _sums([flow for flow in moved if flow.state == S.ACCEPTED], len(until_now))
    signed = _sums(moved, len(until_now))
    due = _due(deadlines, days)
    known = [Week(*row) for row in zip(until_now, due, signed, accepted, strict=False)]
    return known + [Week(*row) for row in zip(days[len(known) :], due[len(known) :], strict=True)]


def _weeks(plan: Plan, day: datetime.date) -> list[datetime.date]:
    """The days of the points: whole weeks before and after `day`, within the plan; `day` always."""
    before = max((day - plan.starts_on) // WEEK, 0)
    after = max((plan.ends_on - day) // WEEK, 0)
    return [day + n * WEEK for n in range(-before, after + 1)]


def _sums(moved: list, weeks: int) -> list[int]:
    """What had come in by the end of each week, the earliest first; what is older belongs to the first."""
    changes = [0] * weeks
    for flow in moved:
        changes[max(weeks - 1 - flow.weeks_ago, 0)] += flow.change
    return list(accumulate(changes))


def _due(deadlines: Counter[datetime.date], days: list[datetime.date]) -> list[int]:
    """How many deadlines are over or reached by each of the days."""
    falling = sorted(deadlines.items(), reverse=True)
    due, sums = 0, []
    for day in days:
        while falling and falling[-1][0] <= day:
            due += falling.pop()[1]
        sums.append(due)
    return sums
