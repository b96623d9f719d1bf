"""Every write to a plan: loading it from a file, correcting a title, setting a deadline."""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.utils import timezone
from django.utils.translation import gettext as _

from plan.enums import Binding
from plan.loader import PlanFile
from plan.models import MEASURES_BELOW, RETENTION_YEARS, Plan, ReminderStage, Requirement, Schedule, Task, Theme
from plan.permissions import can_manage_plan
from portal.accounts.access import check
from portal.accounts.models import User
from portal.audit.actions import record

Row = TypeVar("Row", bound=models.Model)

OWN_MODELS = (Plan, Theme, Task, Requirement, Schedule, ReminderStage)


class PlanConflict(Exception):
    """The file contradicts work that institutions have already done; one message a conflict."""

    def __init__(self, conflicts: list[str]) -> None:
        self.conflicts = conflicts
        super().__init__("\n".join(conflicts))


@dataclass
class LoadResult:
    """What a load did: rows written, and what it left alone because the portal had changed it."""

    plan: Plan = field(init=False)
    created: int = 0
    updated: int = 0
    removed: int = 0
    kept: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.created or self.updated or self.removed)


@transaction.atomic
def load_plan(*, file: PlanFile, shift_years: int | None = None, by: User | None = None) -> LoadResult:
    """Bring the plan in line with its file; a second load of the same file changes nothing.

    Rows are found by their natural keys: the plan's slug, then numbers. `shift_years` moves every date of the
    file by whole years; None keeps what the plan was last loaded with. `by` is None for an operator's command.
    Raises `PlanConflict`, and changes nothing, where work refers to what the file drops or redefines.
    """
    check(by is None or can_manage_plan(by))
    result = LoadResult()
    existing = Plan.objects.select_for_update().filter(slug=file.data["slug"]).first()
    if shift_years is None:
        shift_years = existing.shift_years if existing else 0
    plan = _put(existing or Plan(), _plan_values(file, shift_years), result)
    kept_tasks = _load_themes(plan, file.data["themes"], shift_years, result)
    _remove(plan.tasks.exclude(pk__in=kept_tasks), result)
    _remove(plan.themes.exclude(number__in=[theme["number"] for theme in file.data["themes"]]), result)
    if result.conflicts:
        raise PlanConflict(result.conflicts)
    if result.changed:
        counts = {"created": result.created, "updated": result.updated, "removed": result.removed}
        data = {"digest": file.digest, "shift_years": shift_years, **counts}
        record(action="plan.loaded", by=by, target=plan, data=data)
    result.plan = plan
    return result


@transaction.atomic
def correct_task_title(*, task: Task, title: str, title_en: str, by: User) -> Task:
    """Replace a task's title by the official one. Later loads of the plan file leave it as it is."""
    check(can_manage_plan(by))
    task = Task.objects.select_for_update().get(pk=task.pk)
    before = {"title": task.title, "title_en": task.title_en, "title_is_official": task.title_is_official}
    after = {"title": title, "title_en": title_en, "title_is_official": True}
    if before == after:
        return task
    _assign(task, {**after, "title_edited_at": timezone.now()})
    record(action="task.title_corrected", by=by, target=task, data={"before": before, "after": after})
    return task


@transaction.atomic
def set_schedule(
    *, task: Task, due_on: date, by: User, institution_kind: str = "", is_official: bool = True
) -> Schedule:
    """Set by when a task is due for a kind of institution; a blank kind stands for all the others."""
    check(can_manage_plan(by))
    task = Task.objects.select_for_update().get(pk=task.pk)
    schedule = task.schedules.filter(institution_kind=institution_kind).first()
    before = {"due_on": schedule.due_on, "is_official": schedule.is_official} if schedule else None
    after = {"due_on": due_on, "is_official": is_official}
    if schedule and before == after:
        return schedule
    schedule = schedule or Schedule(task=task, institution_kind=institution_kind)
    _assign(schedule, {**after, "edited_at": timezone.now()})
    data = {"institution_kind": institution_kind, "before": before, "after": after}
    record(action="task.schedule_set", by=by, target=task, data=data)
    return schedule


# --- Loading ----------------------------------------------------------------------------------------------


def _plan_values(file: PlanFile, shift_years: int) -> dict[str, Any]:
    dates = {name: _shifted(file.data[name], shift_years) for name in ("issued_on", "starts_on", "ends_on")}
    texts = ("slug", "title", "title_en", "issuer", "issuer_en", "source", "source_en")
    rules = {
        "retention_years": file.data.get("retention_years", RETENTION_YEARS),
        "measures_below": file.data.get("measures_below", MEASURES_BELOW),
        "needs_second_review": file.data.get("needs_second_review", False),
    }
    return {**_texts(file.data, texts), **dates, **rules, "shift_years": shift_years, "digest": file.digest}


def _load_themes(plan: Plan, themes: list[dict[str, Any]], shift_years: int, result: LoadResult) -> list[int]:
    """Write themes and what they hold; return the ids of the file's tasks."""
    theme_rows = {theme.number: theme for theme in plan.themes.all()}
    task_rows = {task.number: task for task in plan.tasks.prefetch_related("requirements", "schedules")}
    kept = []
    for item in themes:
        values = {"plan_id": plan.pk, "number": item["number"]}
        values |= _texts(item, ("label", "label_en", "title", "title_en"))
        theme = _put(theme_rows.get(item["number"]) or Theme(), values, result)
        for task_item in item["tasks"]:
            task = _load_task(theme, task_item, task_rows.get(task_item["number"]), result)
            _load_requirements(task, task_item["requirements"], result)
            _load_schedules(task, task_item, shift_years, result)
            kept.append(task.pk)
    return kept


def _load_task(theme: Theme, item: dict[str, Any], task: Task | None, result: LoadResult) -> Task:
    values = {
        "theme_id": theme.pk,
        "plan_id": theme.plan_id,
        "number": item["number"],
        "weight": _weight(item),
    }
    title = {
        **_texts(item, ("title", "title_en")),
        "title_is_official": item.get("title_is_official", True),
    }
    if task is None or task.title_edited_at is None:
        values |= title
    elif any(getattr(task, name) != value for name, value in title.items()):
        result.kept.append(_("任务 %(number)s 的名称已在系统中更正，保留更正") % {"number": task.number})
    return _put(task or Task(), values, result)


def _load_requirements(task: Task, items: list[dict[str, Any]], result: LoadResult) -> None:
    rows = {row.number: row for row in task.requirements.all()}
    for item in items:
        row = rows.pop(item["number"], None)
        values = {
            "task_id": task.pk,
            "number": item["number"],
            **_texts(item, ("text", "text_en", "level", "kind", "unit")),
            "binding": item.get("binding", Binding.MANDATORY),
            "weight": _weight(item),
            "criteria": item.get("criteria", []),
        }
        if row and row.kind != values["kind"] and _is_referenced(row):
            message = _("要求 %(reference)s 已有填报内容，不能改变类型")
            result.conflicts.append(message % {"reference": row.reference})
        _put(row or Requirement(), values, result)
    _remove(task.requirements.filter(pk__in=[row.pk for row in rows.values()]), result)


def _load_schedules(task: Task, item: dict[str, Any], shift_years: int, result: LoadResult) -> None:
    general = {"due_on": item["due_on"], "is_official": item.get("schedule_is_official", True)}
    rows = {row.institution_kind: row for row in task.schedules.all()}
    for schedule in [general, *item.get("schedules", [])]:
        kind = schedule.get("institution_kind", "")
        row = rows.pop(kind, None)
        values = {
            "task_id": task.pk,
            "institution_kind": kind,
            "due_on": _shifted(schedule["due_on"], shift_years),
            "is_official": schedule.get("is_official", True),
        }
        if row is None or row.edited_at is None:
            _put(row or Schedule(), values, result)
        elif (row.due_on, row.is_official) != (values["due_on"], values["is_official"]):
            result.kept.append(_("任务 %(number)s 的期限已在系统中调整，保留调整") % {"number": task.number})
    _remove(task.schedules.filter(pk__in=[row.pk for row in rows.values() if not row.edited_at]), result)


def _put(row: Row, values: dict[str, Any], result: LoadResult) -> Row:
    """Write a row only where it differs, and count it."""
    if row.pk is None:
        result.created += 1
    elif any(getattr(row, name) != value for name, value in values.items()):
        result.updated += 1
    else:
        return row
    return _assign(row, values)


def _assign(row: Row, values: dict[str, Any]) -> Row:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    return row


def _remove(rows: models.QuerySet, result: LoadResult) -> None:
    """Delete what the file no longer has, unless work refers to it."""
    for row in rows:
        if _is_referenced(row):
            result.conflicts.append(_("计划文件缺少“%(row)s”，但已有工作记录引用它，不能删除") % {"row": row})
            continue
        if isinstance(row, Task):
            _remove(row.requirements.all(), result)
            if row.requirements.exists():
                continue
            row.schedules.all().delete()
        row.delete()
        result.removed += 1


def _is_referenced(row: models.Model) -> bool:
    """Whether a row of another app points here, whatever that app would do on delete."""
    fields = row._meta.get_fields(include_hidden=True)
    pointers = [f.remote_field for f in fields if isinstance(f, ForeignObjectRel)]
    return any(
        pointer.model._base_manager.filter(**{pointer.name: row}).exists()
        for pointer in pointers
        if pointer.model not in OWN_MODELS
    )


def _texts(item: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    return {name: item.get(name, "") for name in names}


def _weight(item: dict[str, Any]) -> Decimal:
    return Decimal(str(item.get("weight", 1)))


def _shifted(day: str, years: int) -> date:
    """29 February becomes the 28th in a year that has none."""
    original = date.fromisoformat(day)
    year = original.year + years
    if (original.month, original.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return original.replace(year=year)
