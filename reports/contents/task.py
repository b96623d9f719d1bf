"""任务专题报告: where one task stands across the industry, as far as the supervising body's scope goes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plan.enums import MATURITY_LEVELS
from plan.models import Requirement, Schedule
from reports import progress
from reports.contents import plain
from reports.contents.asked import INSTITUTIONS_SHOWN, Asked
from reports.contents.course import COURSE
from reports.contents.scope import KINDS, OVERDUE, REGIONS, WAITING, scope, scope_data
from reports.contents.section import Contents, Context, Section, Sheet
from reports.contents.shared import SUMMARY, deadline_cells, deadline_columns
from reports.progress import MATURITY_RULE, mean_level
from reports.ranking import most_returned_of


def _scope(asked: Asked) -> Context:
    return {**scope(asked), "task": asked.task}


def _scope_data(context: Context) -> dict[str, Any]:
    return scope_data(context) | {"task": plain.of_task(context["task"])}


def _asked_for(asked: Asked) -> Context:
    task = asked.task
    requirements = Requirement.objects.filter(task=task).select_related("task").order_by("number")
    return {
        "task": task,
        "requirements": list(requirements),
        "schedules": list(Schedule.objects.filter(task=task).order_by("institution_kind")),
    }


def _asked_data(context: Context) -> dict[str, Any]:
    return {
        "requirements": [
            plain.of_requirement(row) | {"level": row.level, "kind": row.kind, "binding": row.binding}
            for row in context["requirements"]
        ],
        "schedules": [
            {"kind": row.institution_kind or None, "due_on": row.due_on, "is_official": row.is_official}
            for row in context["schedules"]
        ],
    }


def _asked_sheet(context: Context) -> list[Sheet]:
    columns = [(_("编号"), 8), (_("要求"), 60), (_("层级"), 10), (_("类型"), 12), (_("约束力"), 10)]
    rows = (
        [
            row.reference,
            row.local_text,
            row.get_level_display(),
            row.get_kind_display(),
            row.get_binding_display(),
        ]
        for row in context["requirements"]
    )
    return [Sheet(_("计划要求"), columns, rows)]


ASKED_FOR = Section(
    key="asked_for",
    title=gettext_lazy("计划要求"),
    template="reports/pdf/sections/asked_for.html",
    read=_asked_for,
    data=_asked_data,
    sheets=_asked_sheet,
)


def _returned(asked: Asked) -> Context:
    return {"returned": most_returned_of(asked.task, asked.reviews)}


def _returned_data(context: Context) -> dict[str, Any]:
    return {
        "returned": [
            plain.of_requirement(row.requirement) | {"in_submissions": row.doing, "in_self_assessments": row.judging}
            for row in context["returned"]
        ]
    }


def _returned_sheet(context: Context) -> list[Sheet]:
    columns = [(_("编号"), 8), (_("要求"), 60), (_("任务报送中被退回"), 18), (_("自评中被退回"), 16)]
    rows = (
        [row.requirement.reference, row.requirement.local_text, row.doing, row.judging] for row in context["returned"]
    )
    return [Sheet(_("退回最多的要求"), columns, rows)]


RETURNED = Section(
    key="returned",
    title=gettext_lazy("退回最多的要求"),
    template="reports/pdf/sections/returned.html",
    read=_returned,
    data=_returned_data,
    sheets=_returned_sheet,
)


def _maturity(asked: Asked) -> Context:
    """Of the latest cycle in which anything was signed by the day."""
    rows = asked.self_assessments
    cycle = progress.cycle_by(rows, plan=asked.plan, day=asked.day)
    rated = progress.levels_of(rows, cycle=cycle, task=asked.task, day=asked.day) if cycle else []
    lines = [
        (row.requirement, [row.levels[level] for level in MATURITY_LEVELS], mean_level(row.levels)) for row in rated
    ]
    return {"cycle": cycle, "levels": list(MATURITY_LEVELS), "lines": lines, "rule": MATURITY_RULE}


def _maturity_data(context: Context) -> dict[str, Any]:
    cycle = context["cycle"]
    return {
        "maturity": {
            "cycle": cycle and cycle.local_title,
            "requirements": [
                plain.of_requirement(requirement) | {"levels": numbers, "mean": mean}
                for requirement, numbers, mean in context["lines"]
            ],
        }
    }


def _maturity_sheet(context: Context) -> list[Sheet]:
    levels = [(_("%(level)s 级") % {"level": level}, 8) for level in context["levels"]]
    columns = [(_("编号"), 8), (_("要求"), 60), *levels, (_("平均等级"), 10)]
    rows = (
        [requirement.reference, requirement.local_text, *numbers, mean]
        for requirement, numbers, mean in context["lines"]
    )
    return [Sheet(_("成熟度"), columns, rows)]


MATURITY = Section(
    key="maturity",
    title=gettext_lazy("成熟度"),
    template="reports/pdf/sections/maturity.html",
    read=_maturity,
    data=_maturity_data,
    sheets=_maturity_sheet,
)


def _standings(asked: Asked) -> Context:
    """The pages and the data have the first of them; the sheet goes on."""
    found = progress.standing_list(asked.standing, today=asked.day, limit=INSTITUTIONS_SHOWN)
    return {"standings": found, "each_standing": asked.each_standing if found.more else found.rows}


def _standing_data(context: Context) -> dict[str, Any]:
    found = context["standings"]
    shown = [
        plain.with_region(row.institution) | plain.of_assignment(row, days) | {"part": row.part}
        for row, days in found.rows
    ]
    return {"standings": {"total": found.total, "shown": shown}}


def _standing_sheet(context: Context) -> list[Sheet]:
    columns = [
        (_("机构名称"), 40),
        (_("统一社会信用代码"), 22),
        (_("类别"), 14),
        (_("地区"), 12),
        (_("分工"), 10),
        (_("状态"), 12),
        *deadline_columns(),
    ]
    rows = (
        [
            row.institution.local_name,
            row.institution.credit_code,
            row.institution.get_kind_display(),
            row.institution.region.local_name,
            row.get_part_display(),
            row.get_state_display(),
            *deadline_cells(row, days),
        ]
        for row, days in context["each_standing"]
    )
    return [Sheet(_("各机构情况"), columns, rows)]


STANDINGS = Section(
    key="standings",
    title=gettext_lazy("附表：各机构情况"),
    template="reports/pdf/sections/standings.html",
    read=_standings,
    data=_standing_data,
    sheets=_standing_sheet,
    is_annex=True,
)


TASK = Contents(
    template="reports/pdf/task.html",
    scope=_scope,
    scope_data=_scope_data,
    sections=(ASKED_FOR, SUMMARY, COURSE, WAITING, KINDS, REGIONS, RETURNED, MATURITY, OVERDUE, STANDINGS),
)
