"""监管进展报告: where the institutions in a supervising body's scope stand."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.charts import heat_map
from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.course import COURSE
from reports.contents.earlier import COMPARED, SCORES
from reports.contents.extremes import EXTREMES
from reports.contents.matrix import MATRIX
from reports.contents.period import PERIOD
from reports.contents.rectifications import RECTIFICATIONS
from reports.contents.scope import KINDS, OVERDUE, REGIONS, WAITING, scope, scope_data
from reports.contents.section import Contents, Context, Section, Sheet
from reports.contents.shared import SUMMARY, THEMES, figure_columns, line_rows
from reports.dashboard.heat import task_matrix
from reports.progress import CONDITIONS_RULE
from reports.sheets import share

INSTITUTIONS_PRINTED = 100


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


def _heat_sheet(context: Context) -> list[Sheet]:
    heat = context["heat"]
    rows = (
        [head.full, column.full, cell.figures.overdue, share(cell.figures.overdue_share)]
        for head, cells in heat.rows
        for column, cell in zip(heat.columns, cells, strict=True)
    )
    columns = [(_("主题"), 50), (_("机构类别"), 20), (_("已逾期"), 10), (_("逾期占比"), 10)]
    return [Sheet(_("逾期分布"), columns, rows)]


HEAT = Section(
    key="heat",
    title=gettext_lazy("逾期分布"),
    template="reports/pdf/sections/heat.html",
    read=lambda asked: {"heat": heat_map(asked.progress), "figures": asked.progress.total},
    data=_heat_data,
    sheets=_heat_sheet,
)


def _task_heat(asked: Asked) -> Context:
    found = task_matrix(asked.position, labels=200, cell=(104, 34))
    return {"figures": asked.position.figures, "rule": CONDITIONS_RULE, **found._asdict()}


def _task_heat_data(context: Context) -> dict[str, Any]:
    return {
        "task_heat_map": [
            {
                "task": task.number,
                "kind": name,
                "condition": square.condition,
                "overdue": square.overdue,
                "applicable": square.applicable,
                "accepted_share": square.accepted_share,
            }
            for task, squares in context["lines"]
            for name, square in zip(context["columns"], squares, strict=True)
        ]
    }


def _task_heat_sheet(context: Context) -> list[Sheet]:
    columns = [
        (_("任务号"), 8),
        (_("任务"), 50),
        (_("机构类别"), 20),
        (_("情况"), 12),
        (_("适用"), 10),
        (_("已逾期"), 10),
        (_("验收率"), 10),
    ]
    rows = (
        [
            task.number,
            task.local_title,
            name,
            str(square.condition.label),
            square.applicable,
            square.overdue,
            share(square.accepted_share),
        ]
        for task, squares in context["lines"]
        for name, square in zip(context["columns"], squares, strict=True)
    )
    return [Sheet(_("各任务、各类机构的情况"), columns, rows)]


TASK_HEAT = Section(
    key="task_heat",
    title=gettext_lazy("各任务、各类机构的情况"),
    template="reports/pdf/sections/task_heat.html",
    read=_task_heat,
    data=_task_heat_data,
    sheets=_task_heat_sheet,
)


def _tasks(asked: Asked) -> Context:
    figures = asked.progress
    return {"figures": figures.total, "by_theme": figures.by_theme, "by_task": figures.by_task}


def _task_data(context: Context) -> dict[str, Any]:
    return {"by_task": plain.of_lines(context["by_task"], plain.of_task)}


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


def _institutions(asked: Asked) -> Context:
    """The worst are printed as a table; the picture that follows, the data and the sheet go on."""
    institutions = asked.by_institution
    return {
        "institutions": institutions,
        "printed": institutions.rows[:INSTITUTIONS_PRINTED],
        "each_institution": asked.each_institution,
    }


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
        context["each_institution"],
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
    read=_institutions,
    data=_institution_data,
    sheets=_institution_sheet,
    is_annex=True,
)


SUPERVISORY = Contents(
    template="reports/pdf/supervisory.html",
    scope=scope,
    scope_data=scope_data,
    sections=(
        SUMMARY,
        COMPARED,
        COURSE,
        WAITING,
        THEMES,
        KINDS,
        REGIONS,
        TASKS,
        HEAT,
        TASK_HEAT,
        SCORES,
        EXTREMES,
        RECTIFICATIONS,
        OVERDUE,
        INSTITUTIONS,
        MATRIX,
    ),
    composed_only=(PERIOD,),
)
