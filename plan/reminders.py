"""By which rules the deadlines of plans are reminded of: a task's own, else its plan's, else the standard here."""

from __future__ import annotations

from collections import defaultdict

from plan.enums import Reminded
from plan.models import Plan, ReminderStage, Task
from portal.notices.enums import Addressee as A
from portal.notices.enums import DayUnit
from portal.notices.reminders.stages import Stage
from portal.notices.reminders.subjects import Rules

WORKERS = (A.CONTRIBUTOR, A.LIAISON)
EVERYBODY = (*WORKERS, A.CIO)


def _days(offset: int, *tell: A, every: int = 0, idle_days: int | None = None) -> Stage:
    return Stage(offset, DayUnit.CALENDAR, tell, every=every, idle_days=idle_days)


STANDARD: dict[Reminded, tuple[Stage, ...]] = {
    Reminded.ASSIGNMENT: (
        _days(-30, *WORKERS),
        _days(-7, *WORKERS),
        _days(-7, A.CIO, idle_days=30),
        _days(-1, *WORKERS),
        _days(0, *WORKERS),
        _days(7, *EVERYBODY, every=7),
        _days(7, A.SUPERVISOR),
        _days(30, A.SUPERVISOR, A.LEAD_SUPERVISOR, every=30),
    ),
    Reminded.SELF_ASSESSMENT: (
        _days(-14, *WORKERS),
        _days(-7, *WORKERS),
        Stage(-2, DayUnit.WORKING, EVERYBODY),
        _days(0, *EVERYBODY),
        _days(7, *EVERYBODY, every=7),
        _days(7, A.SUPERVISOR),
        _days(30, A.SUPERVISOR, A.LEAD_SUPERVISOR, every=30),
    ),
    Reminded.RECTIFICATION: (
        _days(-7, *WORKERS),
        _days(-1, *WORKERS),
        _days(0, *EVERYBODY),
        _days(7, *EVERYBODY, A.SUPERVISOR, A.LEAD_SUPERVISOR, every=7),
    ),
    Reminded.MEASURE: (
        _days(-14, *WORKERS),
        _days(0, *WORKERS),
    ),
}


def rules_of(subject: Reminded) -> Rules:
    """The stages that hold for each plan and each task, with those for what belongs to no plan under (None, None)."""
    own: dict[tuple[int, int | None], list[Stage]] = defaultdict(list)
    for row in ReminderStage.objects.filter(subject=subject):
        own[row.plan_id, row.task_id].append(row.stage)
    rules: Rules = {(None, None): STANDARD[subject]}
    for plan_id in Plan.objects.order_by().values_list("pk", flat=True):
        rules[plan_id, None] = tuple(own.get((plan_id, None), STANDARD[subject]))
    for plan_id, task_id in Task.objects.order_by().values_list("plan_id", "pk"):
        rules[plan_id, task_id] = tuple(own.get((plan_id, task_id), rules[plan_id, None]))
    return rules
