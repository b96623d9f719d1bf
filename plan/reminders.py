"""By which rules the deadlines of plans are reminded of: a task's own, else its plan's, else the standard here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

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


# A self-assessment is of the plan as a whole.
OF_TASKS = (Reminded.ASSIGNMENT, Reminded.RECTIFICATION, Reminded.MEASURE)


@dataclass(frozen=True)
class Ruled:
    """How a kind of deadline is reminded of: the stages, and their rows where they are the plan's or task's own."""

    subject: Reminded
    stages: tuple[Stage, ...]
    rows: tuple[ReminderStage, ...]
    is_of_plan: bool  # the plan's own, whether or not a task follows them


def ruled(plan: Plan, task: Task | None = None) -> list[Ruled]:
    """Every kind that the plan, or the task, has rules for; one query."""
    found: dict[tuple[str, int | None], list[ReminderStage]] = defaultdict(list)
    of_plan = ReminderStage.objects.filter(plan=plan)
    for row in of_plan.filter(task=None) | of_plan.filter(task=task):
        found[row.subject, row.task_id].append(row)
    return [_ruled(subject, found, task) for subject in (OF_TASKS if task else Reminded)]


def _ruled(subject: Reminded, found: dict[tuple[str, int | None], list[ReminderStage]], task: Task | None) -> Ruled:
    plans = found.get((subject, None), [])
    own = found.get((subject, task.pk), []) if task else plans
    stages = tuple(row.stage for row in own or plans) or STANDARD[subject]
    return Ruled(subject, in_order(stages), tuple(sorted(own, key=lambda row: row.stage.order)), bool(plans))


def stages_of(plan: Plan, subject: Reminded, task: Task | None = None) -> tuple[Stage, ...]:
    return next(rules.stages for rules in ruled(plan, task) if rules.subject == subject)


def in_order(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    return tuple(sorted(stages, key=lambda stage: stage.order))


def deviating(plan: Plan) -> list[Task]:
    """The tasks with rules of their own."""
    return list(plan.tasks.filter(reminder_stages__isnull=False).distinct().select_related("plan"))
