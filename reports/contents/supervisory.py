"""监管进展报告: where the institutions in a supervising body's scope stand."""

from __future__ import annotations

from typing import Any

from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.enums import InstitutionKind
from reports import progress
from reports.charts import heat_map
from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.section import Contents, Context, Section, Sheet
from reports.contents.shared import SUMMARY, figure_columns, line_rows
from tasks.enums import AssignmentState

OVERDUE_SHOWN = 150


def _scope(asked: Asked) -> Context:
    authority = asked.report.authority
    return {
        "authority": authority,
        "regions": list(authority.regions.all()),
        "kinds": [kind.label for kind in InstitutionKind if kind in authority.kinds],
        "institution_count": asked.by_institution.total,
    }


def _scope_data(context: Context) -> dict[str, Any]:
    authority = context["authority"]
    return {
        "authority": authority.local_name,
        "all_regions": authority.all_regions,
        "regions": [region.local_name for region in context["regions"]],
        "kinds": [str(kind) for kind in context["kinds"]],
    }


def _waiting(asked: Asked) -> Context:
    submitted = asked.assignments.filter(state=AssignmentState.SUBMITTED)
    return {
        "figures": asked.progress.total,
        "waiting_since": submitted.aggregate(oldest=Min("submitted_at"))["oldest"],
    }


WAITING = Section(
    key="waiting",
    title=gettext_lazy("待审核情况"),
    template="reports/pdf/sections/waiting.html",
    read=_waiting,
    data=lambda context: {"waiting_since": context["waiting_since"]},
)


def _heat_data(context: Context) -> dict[str, Any]:
    heat = context["heat"]
    return {
        "heat_map": [
            {
                "theme": head.full,
                "kind": column.full,
                "overdue": cell.figures.overdue,
                "share": cell.figures.overdue_share,
            }
            for head, cells in heat.rows
            for column, cell in zip(heat.columns, cells, strict=True)
        ]
    }


HEAT = Section(
    key="heat",
    title=gettext_lazy("逾期分布"),
    template="reports/pdf/sections/heat.html",
    read=lambda asked: {"heat": heat_map(asked.progress)},
    data=_heat_data,
)


def _kind_sheet(context: Context) -> list[Sheet]:
    rows = line_rows(context["by_kind"], lambda kind: [str(kind.label)])
    return [Sheet(_("各类机构进展"), [(_("机构类别"), 20), *figure_columns()], rows)]


KINDS = Section(
    key="kinds",
    title=gettext_lazy("各类机构进展"),
    template="reports/pdf/sections/kinds.html",
    read=lambda asked: {"figures": asked.progress.total, "by_kind": asked.progress.by_kind},
    data=lambda context: {"by_kind": plain.of_lines(context["by_kind"], plain.of_kind)},
    sheets=_kind_sheet,
)


def _tasks(asked: Asked) -> Context:
    figures = asked.progress
    return {"figures": figures.total, "by_theme": figures.by_theme, "by_task": figures.by_task}


def _task_data(context: Context) -> dict[str, Any]:
    return {
        "by_theme": plain.of_lines(context["by_theme"], plain.of_theme),
        "by_task": plain.of_lines(context["by_task"], plain.of_task),
    }


def _task_sheet(context: Context) -> list[Sheet]:
    rows = line_rows(context["by_task"], lambda task: [task.theme.local_title, task.number, task.local_title])
    columns = [(_("主题"), 30), (_("任务号"), 8), (_("任务"), 50), *figure_columns()]
    return [Sheet(_("各主题、各任务进展"), columns, rows)]


TASKS = Section(
    key="tasks",
    title=gettext_lazy("各主题、各任务进展"),
    template="reports/pdf/sections/by_task.html",
    read=_tasks,
    data=_task_data,
    sheets=_task_sheet,
)


def _regions(asked: Asked) -> Context:
    regions = progress.by_region(asked.institutions, plan=asked.plan, day=asked.day)
    return {"figures": asked.progress.total, "by_region": regions}


def _region_sheet(context: Context) -> list[Sheet]:
    rows = line_rows(context["by_region"], lambda region: [region.local_name])
    return [Sheet(_("各地区进展"), [(_("地区"), 20), *figure_columns()], rows)]


REGIONS = Section(
    key="regions",
    title=gettext_lazy("各地区进展"),
    template="reports/pdf/sections/regions.html",
    read=_regions,
    data=lambda context: {"by_region": plain.of_lines(context["by_region"], plain.of_region)},
    sheets=_region_sheet,
)


def _overdue(asked: Asked) -> Context:
    rows = asked.assignments.select_related("institution__region")
    return {
        "figures": asked.progress.total,
        "overdue": progress.overdue_list(rows, plan=asked.plan, today=asked.day, limit=OVERDUE_SHOWN),
    }


def _overdue_data(context: Context) -> dict[str, Any]:
    return {
        "overdue": [
            plain.with_region(late.assignment.institution) | plain.of_assignment(late.assignment, late.days)
            for late in context["overdue"]
        ]
    }


def _overdue_sheet(context: Context) -> list[Sheet]:
    columns = [
        (_("机构名称"), 40),
        (_("统一社会信用代码"), 22),
        (_("地区"), 12),
        (_("任务号"), 8),
        (_("任务"), 50),
        (_("状态"), 12),
        (_("完成期限"), 12),
        (_("逾期天数"), 10),
    ]
    rows = (
        [
            row.institution.local_name,
            row.institution.credit_code,
            row.institution.region.local_name,
            row.task.number,
            row.task.local_title,
            row.get_state_display(),
            row.deadline,
            days,
        ]
        for row, days in context["overdue"]
    )
    return [Sheet(_("逾期任务"), columns, rows)]


OVERDUE = Section(
    key="overdue",
    title=gettext_lazy("逾期任务"),
    template="reports/pdf/sections/overdue.html",
    read=_overdue,
    data=_overdue_data,
    sheets=_overdue_sheet,
)


def _institution_data(context: Context) -> dict[str, Any]:
    institutions = context["institutions"]
    return {
        "institutions": {
            "total": institutions.total,
            "shown": plain.of_lines(institutions.rows, plain.with_region),
        }
    }


def _institution_sheet(context: Context) -> list[Sheet]:
    columns = [(_("机构名称"), 40), (_("统一社会信用代码"), 22), (_("类别"), 14), (_("地区"), 12), *figure_columns()]
    rows = line_rows(
        context["institutions"].rows,
        lambda institution: [
            institution.local_name,
            institution.credit_code,
            institution.get_kind_display(),
            institution.region.local_name,
        ],
    )
    return [Sheet(_("各机构进展"), columns, rows)]


INSTITUTIONS = Section(
    key="institutions",
    title=gettext_lazy("附表：各机构进展"),
    template="reports/pdf/sections/institutions.html",
    read=lambda asked: {"institutions": asked.by_institution},
    data=_institution_data,
    sheets=_institution_sheet,
    is_annex=True,
)


SUPERVISORY = Contents(
    template="reports/pdf/supervisory.html",
    scope=_scope,
    scope_data=_scope_data,
    sections=(SUMMARY, WAITING, HEAT, KINDS, TASKS, REGIONS, OVERDUE, INSTITUTIONS),
)
