"""Give every institution its tasks of a plan, and its open tasks the plan's deadlines: one statement each."""

from __future__ import annotations

from django.db import connection, transaction

from plan.models import Plan
from portal.accounts.models import User
from portal.audit.actions import record

# The part is plan.enums.Part.for_institution written for the database; a test holds the two against each other.
ROLL_OUT = """
    INSERT INTO tasks_assignment
        (task_id, institution_id, part, deadline, deadline_is_official, state, created_at,
         changed_at, changed_by_id, sent_back_reason, exempted_reason)
    SELECT task.id, institution.id,
        CASE WHEN institution.kind IN ('core', 'association')
             THEN CASE WHEN levels.industry_wide THEN 'lead' ELSE 'implement' END
             ELSE CASE WHEN levels.institution THEN 'implement' ELSE 'support' END
        END,
        COALESCE(own.due_on, everyone.due_on), COALESCE(own.is_official, everyone.is_official),
        'not_started', now(), now(), %(by)s, '', ''
    FROM plan_task task
    JOIN LATERAL (
        SELECT bool_or(level IN ('industry', 'core')) AS industry_wide,
               bool_or(level = 'institution') AS institution
        FROM plan_requirement WHERE task_id = task.id
    ) levels ON true
    CROSS JOIN accounts_institution institution
    LEFT JOIN plan_schedule own ON own.task_id = task.id AND own.institution_kind = institution.kind
    LEFT JOIN plan_schedule everyone ON everyone.task_id = task.id AND everyone.institution_kind = ''
    WHERE task.plan_id = %(plan)s AND institution.is_active AND COALESCE(own.due_on, everyone.due_on) IS NOT NULL
    ON CONFLICT DO NOTHING
"""

# Closed work keeps the deadline it was judged by, and an extension that was granted holds, asked for or in bulk, unless
# it was undone: such work moves to a later day only. Each extension goes beyond the one before, so the latest day
# granted is the one that holds.
APPLY_SCHEDULE = """
    UPDATE tasks_assignment assignment
    SET deadline = due.due_on, deadline_is_official = due.is_official, changed_at = now(), changed_by_id = %(by)s
    FROM (
        SELECT planned.task_id, planned.institution_id,
               GREATEST(planned.due_on, granted.until) AS due_on,
               planned.is_official OR COALESCE(granted.until >= planned.due_on, false) AS is_official
        FROM (
            SELECT DISTINCT ON (task.id, institution.id)
                   task.id AS task_id, institution.id AS institution_id, schedule.due_on, schedule.is_official
            FROM plan_task task
            JOIN plan_schedule schedule ON schedule.task_id = task.id
            JOIN accounts_institution institution ON schedule.institution_kind IN (institution.kind, '')
            WHERE task.plan_id = %(plan)s
            ORDER BY task.id, institution.id, schedule.institution_kind DESC
        ) planned
        LEFT JOIN (
            SELECT own.task_id, own.institution_id, max(extension.until) AS until
            FROM (
                SELECT assignment_id, granted_deadline AS until FROM tasks_changerequest
                WHERE granted_deadline IS NOT NULL
                UNION ALL
                SELECT assignment_id, new_deadline FROM tasks_extendedassignment WHERE undone_at IS NULL
            ) extension
            JOIN tasks_assignment own ON own.id = extension.assignment_id
            GROUP BY own.task_id, own.institution_id
        ) granted USING (task_id, institution_id)
    ) due
    WHERE assignment.task_id = due.task_id AND assignment.institution_id = due.institution_id
      AND assignment.state NOT IN ('accepted', 'not_applicable')
      AND (assignment.deadline, assignment.deadline_is_official) IS DISTINCT FROM (due.due_on, due.is_official)
"""


@transaction.atomic
def roll_out(*, plan: Plan, by: User | None) -> int:
    """Create the assignments that active institutions do not have yet; returns how many were new."""
    with connection.cursor() as cursor:
        cursor.execute(ROLL_OUT, {"plan": plan.pk, "by": by.pk if by else None})
        created = cursor.rowcount
    if created:
        record(action="plan.rolled_out", by=by, target=plan, data={"assignments": created})
    return created


@transaction.atomic
def apply_schedule(*, plan: Plan, by: User | None) -> int:
    """Give open assignments the deadlines that the plan's schedule now says; returns how many moved."""
    move_deadlines_alone()
    with connection.cursor() as cursor:
        cursor.execute(APPLY_SCHEDULE, {"plan": plan.pk, "by": by.pk if by else None})
        moved = cursor.rowcount
    if moved:
        record(action="plan.schedule_applied", by=by, target=plan, data={"assignments": moved})
    return moved


def move_deadlines_alone() -> None:
    """Whoever moves many deadlines waits for whoever does; a single one waits for nothing but its own row's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('tasks.deadlines', 0))")
