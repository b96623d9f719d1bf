"""Every write to the rules of reminders of a plan, or of one of its tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from plan.enums import Reminded
from plan.models import Plan, ReminderStage, Task
from plan.permissions import can_manage_plan
from plan.reminders import stages_of
from portal.accounts.access import check
from portal.accounts.models import User
from portal.audit.actions import record
from portal.notices.reminders.stages import Stage


@transaction.atomic
def set_own_stages(*, plan: Plan, subject: Reminded, by: User, task: Task | None = None) -> None:
    """Copy what holds now into rows that can be changed; what has rows of its own keeps them."""
    check(can_manage_plan(by))
    rows = _locked(plan, task, subject)
    if rows.exists():
        return
    stages = stages_of(plan, subject, task)
    ReminderStage.objects.bulk_create(_row(plan, task, subject, stage) for stage in stages)
    _record(plan, task, subject, by, before=None, after=stages)


@transaction.atomic
def add_stage(*, plan: Plan, subject: Reminded, stage: Stage, by: User, task: Task | None = None) -> ReminderStage:
    """A further stage. Where the rules were not its own yet, they are copied first, so that none is lost."""
    check(can_manage_plan(by))
    rows = _locked(plan, task, subject)
    if not rows.exists():
        set_own_stages(plan=plan, subject=subject, task=task, by=by)
    before = _stages(rows)
    row = _row(plan, task, subject, stage)
    row.save()
    _record(plan, task, subject, by, before=before, after=_stages(rows))
    return row


@transaction.atomic
def change_stage(*, row: ReminderStage, stage: Stage, by: User) -> ReminderStage:
    """Raises ReminderStage.DoesNotExist when somebody removed it meanwhile."""
    check(can_manage_plan(by))
    subject = Reminded(row.subject)
    rows = _locked(row.plan, row.task, subject)
    before = _stages(rows)
    row = rows.get(pk=row.pk)
    if row.stage == stage:
        return row
    for name, value in _values(stage).items():
        setattr(row, name, value)
    row.save()
    _record(row.plan, row.task, subject, by, before=before, after=_stages(rows))
    return row


@transaction.atomic
def remove_stage(*, row: ReminderStage, by: User) -> None:
    """The last one to go leaves what held before: for a task its plan's rules, for a plan the standard."""
    check(can_manage_plan(by))
    subject = Reminded(row.subject)
    rows = _locked(row.plan, row.task, subject)
    before = _stages(rows)
    rows.filter(pk=row.pk).delete()
    _record(row.plan, row.task, subject, by, before=before, after=_stages(rows) or None)


@transaction.atomic
def restore_stages(*, plan: Plan, subject: Reminded, by: User, task: Task | None = None) -> None:
    """Give up the rules of one's own."""
    check(can_manage_plan(by))
    rows = _locked(plan, task, subject)
    before = _stages(rows)
    if before:
        rows.delete()
        _record(plan, task, subject, by, before=before, after=None)


def _locked(plan: Plan, task: Task | None, subject: Reminded) -> QuerySet[ReminderStage]:
    """The rows, with the plan locked: two people who begin at once would copy the standard twice."""
    Plan.objects.select_for_update(no_key=True).get(pk=plan.pk)
    return ReminderStage.objects.filter(plan=plan, task=task, subject=subject)


def _stages(rows: QuerySet[ReminderStage]) -> list[Stage]:
    return [row.stage for row in rows.all()]


def _row(plan: Plan, task: Task | None, subject: Reminded, stage: Stage) -> ReminderStage:
    return ReminderStage(plan=plan, task=task, subject=subject, **_values(stage))


def _values(stage: Stage) -> dict[str, Any]:
    return {
        "offset": stage.offset,
        "unit": stage.unit,
        "every": stage.every,
        "idle_days": stage.idle_days,
        "tell": [str(who) for who in stage.tell],
    }


def _record(
    plan: Plan, task: Task | None, subject: Reminded, by: User, *, before: Iterable | None, after: Iterable | None
) -> None:
    """None stands for rules that are not its own."""
    data = {
        "subject": subject,
        "before": None if before is None else [_values(stage) for stage in before],
        "after": None if after is None else [_values(stage) for stage in after],
    }
    record(action="reminders.stages_set", by=by, target=task or plan, data=data)
