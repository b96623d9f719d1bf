from django.db import migrations

# From the audit trail: each passage through the gate, with the deadline of that time, and each extension granted.
# What the trail does not tell is put at the time that the assignment has for its state.
FILL = """
INSERT INTO tasks_assignmentchange
    (assignment_id, at, by_id, from_state, to_state, from_deadline, to_deadline, is_counted)
WITH granted AS (
    SELECT assignment_id, decided_at AS at, decided_by_id AS by_id, old_deadline, granted_deadline
    FROM tasks_changerequest WHERE granted_deadline IS NOT NULL
), moved AS (
    SELECT target_id::bigint AS assignment_id, at, actor_id AS by_id,
        data ->> 'from' AS from_state, data ->> 'to' AS to_state
    FROM audit_auditevent WHERE target_type = 'tasks.assignment' AND data ? 'from' AND data ? 'to'
), told AS (
    SELECT id AS assignment_id, created_at AS at, NULL::bigint AS by_id, '' AS from_state,
        'not_started' AS to_state, NULL::date AS granted
    FROM tasks_assignment
    UNION ALL
    SELECT assignment_id, at, by_id, from_state, to_state, NULL FROM moved
    UNION ALL
    SELECT assignment_id, at, by_id, then_state, then_state, granted_deadline
    FROM granted, LATERAL (
        SELECT COALESCE((
            SELECT to_state FROM moved
            WHERE moved.assignment_id = granted.assignment_id AND moved.at <= granted.at ORDER BY at DESC LIMIT 1
        ), 'not_started') AS then_state
    ) AS state_then
)
SELECT told.assignment_id, told.at, told.by_id, told.from_state, told.to_state,
    CASE WHEN told.from_state <> '' THEN held.deadline END, COALESCE(told.granted, held.deadline), false
FROM told JOIN tasks_assignment assignment ON assignment.id = told.assignment_id,
LATERAL (
    SELECT COALESCE((
        SELECT old_deadline FROM granted
        WHERE granted.assignment_id = told.assignment_id
        AND (granted.at > told.at OR (granted.at = told.at AND told.granted IS NOT NULL))
        ORDER BY granted.at LIMIT 1
    ), assignment.deadline) AS deadline
) AS held
ORDER BY told.at, told.assignment_id;

INSERT INTO tasks_assignmentchange
    (assignment_id, at, by_id, from_state, to_state, from_deadline, to_deadline, is_counted)
SELECT assignment.id,
    GREATEST(last.at, CASE WHEN last.to_state = assignment.state THEN now() ELSE CASE assignment.state
        WHEN 'in_progress' THEN assignment.started_at
        WHEN 'awaiting_signature' THEN assignment.handed_in_at
        WHEN 'submitted' THEN assignment.submitted_at
        WHEN 'returned' THEN assignment.returned_at
        WHEN 'accepted' THEN assignment.accepted_at
        WHEN 'not_applicable' THEN assignment.exempted_at
    END END),
    NULL, last.to_state, assignment.state, last.to_deadline, assignment.deadline, false
FROM tasks_assignment assignment JOIN LATERAL (
    SELECT at, to_state, to_deadline FROM tasks_assignmentchange
    WHERE assignment_id = assignment.id ORDER BY at DESC, id DESC LIMIT 1
) last ON (last.to_state, last.to_deadline) <> (assignment.state, assignment.deadline);

UPDATE tasks_assignment SET changed_at = last.at, changed_by_id = last.by_id
FROM (
    SELECT DISTINCT ON (assignment_id) assignment_id, at, by_id
    FROM tasks_assignmentchange ORDER BY assignment_id, at DESC, id DESC
) last
WHERE last.assignment_id = tasks_assignment.id;
"""


class Migration(migrations.Migration):
    """What became of the assignments before changes were kept."""

    dependencies = [
        ("audit", "0002_append_only"),
        ("tasks", "0011_changes"),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
