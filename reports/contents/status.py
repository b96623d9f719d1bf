"""任务落实情况报告: where one institution stands with every task it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.enums import Verdict
from assessments.models import Review
from reports import progress
from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.section import Contents, Context, Section, Sheet
from reports.contents.shared import SUMMARY, THEMES, deadline_cells, deadline_columns
from reports.sheets import moment
from tasks.models import Assignment


def _tasks(asked: Asked) -> Context:
    standing = asked.standing
    rows = progress.with_history(standing, asked.until).select_related(f"{standing.path}task__theme")
    found = [progress.as_assignment(row, asked.day, *progress.HISTORY) for row in rows.order_by("task__number")]
    return {"rows": [(row, progress.days_late(row, asked.day)) for row in found], "is_past": asked.is_past}


def _task_data(context: Context) -> dict[str, Any]:
    return {"tasks": [_progress_of(row, days) for row, days in context["rows"]]}


def _progress_of(assignment: Assignment, days: int) -> dict[str, Any]:
    return plain.of_assignment(assignment, days) | {
        "part": assignment.part,
        "submissions": assignment.submission_count,
        "last_verdict": assignment.last_verdict,
        "last_verdict_at": assignment.last_verdict_at,
    }


def _task_sheet(context: Context) -> list[Sheet]:
    columns = [
        (_("任务号"), 8),
        (_("任务"), 50),
        (_("分工"), 10),
        (_("状态"), 12),
        *deadline_columns(),
        (_("报送次数"), 10),
        (_("最近审核结论"), 14),
        (_("最近审核时间"), 18),
    ]
    return [Sheet(_("逐项任务落实情况"), columns, _task_rows(context))]


def _task_rows(context: Context) -> Iterator[list[Any]]:
    verdicts = {Verdict.ACCEPTED: _("已验收"), Verdict.RETURNED: _("已退回")}
    for row, days in context["rows"]:
        yield [
            row.task.number,
            row.task.local_title,
            row.get_part_display(),
            row.get_state_display(),
            *deadline_cells(row, days),
            row.submission_count,
            verdicts.get(row.last_verdict),
            moment(row.last_verdict_at),
        ]


TASKS = Section(
    key="tasks",
    title=gettext_lazy("逐项任务落实情况"),
    template="reports/pdf/sections/tasks.html",
    read=_tasks,
    data=_task_data,
    sheets=_task_sheet,
)


def _returns(asked: Asked) -> Context:
    return {"returns": list(progress.open_returns(asked.reviews, asked.standing, asked.until))}


def _return(review: Review) -> dict[str, Any]:
    submission = review.submission
    return {
        "task": submission.assignment.task.number,
        "submission": submission.number,
        "authority": review.authority.local_name,
        "at": review.created_at,
        "reasons": [{"requirement": reason.requirement.reference, "text": reason.text} for reason in review.reasons],
        "comment": review.comment,
    }


def _return_sheet(context: Context) -> list[Sheet]:
    columns = [
        (_("任务号"), 8),
        (_("任务"), 50),
        (_("报送版本"), 10),
        (_("退回单位"), 26),
        (_("退回时间"), 18),
        (_("要求编号"), 10),
        (_("要求"), 50),
        (_("退回理由"), 60),
        (_("总体意见"), 60),
    ]
    return [Sheet(_("尚未答复的退回"), columns, _return_rows(context))]


def _return_rows(context: Context) -> Iterator[list[Any]]:
    """One for each requirement that was returned; one for a return that names none."""
    for review in context["returns"]:
        task = review.submission.assignment.task
        head = [task.number, task.local_title, review.submission.number, review.authority.local_name]
        reasons = [(r.requirement.reference, r.requirement.local_text, r.text) for r in review.reasons]
        for reason in reasons or [(None, None, None)]:
            yield [*head, moment(review.created_at), *reason, review.comment or None]


RETURNS = Section(
    key="returns",
    title=gettext_lazy("尚未答复的退回"),
    template="reports/pdf/sections/returns.html",
    read=_returns,
    data=lambda context: {"open_returns": [_return(review) for review in context["returns"]]},
    sheets=_return_sheet,
)


STATUS = Contents(
    template="reports/pdf/status.html",
    scope=lambda asked: {"institution": asked.report.institution},
    scope_data=lambda context: plain.of_institution(context["institution"]),
    sections=(SUMMARY, THEMES, TASKS, RETURNS),
)
