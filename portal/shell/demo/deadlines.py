"""The demo's own schedule: invented, because the plan's is lost, and therefore marked 暂定 everywhere.

Deadlines lie around the day of loading, so that every stage of a reminder falls on some task that very day.
"""

from __future__ import annotations

import datetime
import random

from plan.actions import set_schedule
from plan.models import Plan
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import User

# Days from today, sooner for the plan's earlier tasks: what is long over, what is on the stages of a reminder,
# and what lies ahead.
PAST = (-310, -250, -200, -170, -140, -110, -80, -45, -21, -7)
NEAR = (0, 1, 7, 30)
AHEAD = (14, 21, 45, 60, 75, 95, 120, 160, 210, 280, 340)


def set_deadlines(*, plan: Plan, today: datetime.date, rng: random.Random, by: User) -> None:
    """Give each task a deadline, and some kinds of institution one of their own."""
    days = _spread(rng, plan.tasks.count())
    for task, offset in zip(plan.tasks.order_by("number"), days, strict=True):
        due_on = min(today + datetime.timedelta(days=offset), plan.ends_on)
        set_schedule(task=task, due_on=due_on, is_official=False, by=by)
        if task.number % 6 == 4:
            # Funds have had longer to prepare for these.
            later = min(due_on + datetime.timedelta(days=30), plan.ends_on)
            kind = InstitutionKind.FUND
            set_schedule(task=task, institution_kind=kind, due_on=later, is_official=False, by=by)


def _spread(rng: random.Random, count: int) -> list[int]:
    """As many offsets as tasks, roughly ascending."""
    offsets = sorted([*PAST, *NEAR, *AHEAD])
    while len(offsets) < count:
        offsets.append(offsets[-1] + 15)
    offsets = sorted(rng.sample(offsets, count)) if len(offsets) > count else offsets
    return sorted(offsets, key=lambda offset: offset + rng.uniform(-60, 60))
