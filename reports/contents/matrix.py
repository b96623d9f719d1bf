"""The annex that shows where each institution stands in each task."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports import progress
from reports.contents.asked import Asked
from reports.contents.matrix_pages import Row, matrix_pages
from reports.contents.section import Context, Section, Sheet
from reports.progress import CONDITION_RULE, Condition


def _matrix(asked: Asked) -> Context:
    institutions, tasks = [line.subject for line in asked.by_institution.rows], asked.progress.tasks
    known = progress.standings(institutions, tasks=tasks, day=asked.day)
    rows = [
        (institution, [_condition(known.get((institution.pk, task.pk))) for task in tasks])
        for institution in institutions
    ]
    pages = matrix_pages(
        [Row(institution.local_name, conditions) for institution, conditions in rows],
        [str(task.number) for task in tasks],
    )
    return {"tasks": tasks, "rows": rows, "pages": pages, "condition_rule": CONDITION_RULE}


def _condition(standing: progress.Standing | None) -> Condition:
    return standing.condition if standing else Condition.NONE


def _data(context: Context) -> dict[str, Any]:
    return {
        "matrix": {
            "tasks": [task.number for task in context["tasks"]],
            "rows": [
                {"credit_code": institution.credit_code, "conditions": [condition.value for condition in conditions]}
                for institution, conditions in context["rows"]
            ],
        }
    }


def _sheets(context: Context) -> list[Sheet]:
    columns = [(_("机构名称"), 40), (_("统一社会信用代码"), 22)]
    columns += [(str(task.number), 10) for task in context["tasks"]]
    rows = (
        [institution.local_name, institution.credit_code, *(str(condition.label) for condition in conditions)]
        for institution, conditions in context["rows"]
    )
    return [Sheet(_("各机构各任务情况"), columns, rows)]


MATRIX = Section(
    key="matrix",
    title=gettext_lazy("附表：各机构各任务情况"),
    template="reports/pdf/sections/matrix.html",
    read=_matrix,
    data=_data,
    sheets=_sheets,
    is_annex=True,
)
