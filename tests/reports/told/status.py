"""任务落实情况报告."""

from plan.enums import Part
from plan.models import Task
from reports import progress
from tests.reports.told import scope
from tests.reports.told.cells import deadline, figures, moment, state, task, theme
from tests.reports.told.seen import Seen, assignment_of, figures_of, head_of, institution_of, lines_of, numbered


def told(report):
    seen = Seen(report)
    rows = seen.standing
    measured = progress.measure(rows, plan=report.plan, today=seen.day)
    return head_of(report) | {
        "scope": institution_of(report.institution),
        "figures": figures_of(measured.total),
        "by_theme": lines_of(measured.by_theme, numbered),
        "tasks": [
            {
                **assignment_of(row, seen.day),
                "part": row.part,
                "submissions": row.submission_count,
                "last_verdict": row.last_verdict,
                "last_verdict_at": row.last_verdict_at,
            }
            for row in progress.with_history(rows).order_by("task__number")
        ],
        "open_returns": [
            {
                "task": review.submission.assignment.task.number,
                "submission": review.submission.number,
                "authority": review.authority.name,
                "at": review.created_at,
                "reasons": [
                    {"requirement": reason.requirement.reference, "text": reason.text} for reason in review.reasons
                ],
                "comment": review.comment,
            }
            for review in progress.open_returns(seen.reviews, rows)
        ],
    }


# --- As sheets --------------------------------------------------------------------------------------------

VERDICTS = {None: None, "accepted": "已验收", "returned": "已退回"}


def sheets(data):
    return {
        **scope.summary(data),
        "各主题进展": [[theme(line, ""), *figures(line["figures"])] for line in data["by_theme"]],
        "逐项任务落实情况": [
            [
                *task(row),
                str(Part(row["part"]).label),
                state(row),
                *deadline(row),
                row["submissions"],
                VERDICTS[row["last_verdict"]],
                moment(row["last_verdict_at"]),
            ]
            for row in data["tasks"]
        ],
        "尚未答复的退回": list(_return_rows(data)),
    }


def _return_rows(data):
    tasks = {task.number: task for task in Task.objects.all()}
    for row in data["open_returns"]:
        texts = {one.reference: one.text for one in tasks[row["task"]].requirements.select_related("task")}
        head = [row["task"], tasks[row["task"]].title, row["submission"], row["authority"], moment(row["at"])]
        for reason in row["reasons"]:
            yield [*head, reason["requirement"], texts[reason["requirement"]], reason["text"], row["comment"]]
