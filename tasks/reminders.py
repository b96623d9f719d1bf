"""Deadlines of assignments, as reminders see them (`portal.notices.reminders`).

Work that was signed waits for the supervisor, so nobody is reminded of it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.urls import reverse

from plan.enums import Reminded
from plan.reminders import rules_of
from portal.notices.enums import NoticeKind
from portal.notices.reminders.subjects import Subject
from tasks.enums import CLOSED, AssignmentState

ROWS = """
    SELECT assignment.id::text AS id, assignment.institution_id, NULL::bigint AS authority_id,
        NULL::bigint AS handler_id, task.plan_id, assignment.task_id, assignment.deadline,
        jsonb_build_object(
            'number', task.number, 'title', task.title, 'title_en', task.title_en,
            'is_official', assignment.deadline_is_official
        ) AS facts,
        replace(%(assignment_path)s, '0', assignment.id::text) AS path,
        assignment.state = %(awaiting_signature)s AS cios_turn,
        greatest(
            assignment.started_at, assignment.handed_in_at, assignment.sent_back_at, assignment.withdrawn_at,
            (SELECT max(updated_at) FROM tasks_statement WHERE assignment_id = assignment.id),
            (SELECT max(uploaded_at) FROM tasks_evidence WHERE assignment_id = assignment.id)
        ) AS acted_at
    FROM tasks_assignment assignment
    JOIN plan_task task ON task.id = assignment.task_id
    WHERE assignment.state <> ALL(%(done)s) AND assignment.deadline <= %(latest)s {only}
"""


def _parameters() -> dict[str, Any]:
    return {
        "done": [*CLOSED, AssignmentState.SUBMITTED],
        "awaiting_signature": AssignmentState.AWAITING_SIGNATURE,
        "assignment_path": reverse("tasks:detail", args=[0]),
    }


ASSIGNMENTS = Subject(
    kind=NoticeKind.REMINDER,
    name=Reminded.ASSIGNMENT,
    rows=ROWS,
    row_id="assignment.id",
    parameters=_parameters,
    rules=partial(rules_of, Reminded.ASSIGNMENT),
    listed_at="tasks:list",
)
