"""Give every institution its tasks of a plan, in one statement."""

from __future__ import annotations

from django.db import connection, transaction

from plan.models import Plan
from portal.accounts.models import User
from portal.audit.actions import record

# The part is plan.enums.Part.for_institution written for the database; a test holds the two against each other.
ROLL_OUT = """
    INSERT INTO tasks_assignment
        (task_id, institution_id, part, deadline, deadline_is_official, state, created_at,
         sent_back_reason, exempted_reason)
    SELECT task.id, institution.id,
        CASE WHEN institution.kind IN ('core', 'association')
             THEN CASE WHEN levels.industry_wide THEN 'lead' ELSE 'implement' END
             ELSE CASE WHEN levels.institution THEN 'implement' ELSE 'support' END
        END,
        COALESCE(own.due_on, everyone.due_on), COALESCE(own.is_official, everyone.is_official),
        'not_started', now(), '', ''
    FROM plan_task task
    JOIN LATERAL (
        SELECT bool_or(level IN ('industry', 'core')) AS industry_wide,
               bool_or(level = 'institution') AS institution
        FROM plan_requirement WHERE task_id = task.id
    ) levels ON true
    CROSS JOIN accounts_institution institution
    LEFT JOIN plan_schedule own ON own.task_id = task.id AND own.institution_kind = institution.kind
    LEFT JOIN plan_schedule everyone ON everyone.task_id = task.id AND everyone.institution_kind = ''
    WHERE task.plan_id = %s AND institution.is_active AND COALESCE(own.due_on, everyone.due_on) IS NOT NULL
    ON CONFLICT DO NOTHING
"""


@transaction.atomic
def roll_out(*, plan: Plan, by: User | None) -> int:
    """Create the assignments that active institutions do not have yet; returns how many were new."""
    with connection.cursor() as cursor:
        cursor.execute(ROLL_OUT, [plan.pk])
        created = cursor.rowcount
    if created:
        record(action="plan.rolled_out", by=by, target=plan, data={"assignments": created})
    return created
