import importlib

from django.contrib.postgres.fields import DateTimeRangeField
from django.contrib.postgres.indexes import GistIndex
from django.db import migrations, models

EARLIER = importlib.import_module("tasks.migrations.0017_changes_hold_until")

# Work that was accepted stays so: of the other two the last time counts, whatever came after it.
FILL = """
ALTER TABLE tasks_assignmentchange DISABLE TRIGGER kept;
UPDATE tasks_assignmentchange change
SET submitted_at = known.submitted_at, returned_at = known.returned_at, accepted_at = known.accepted_at
FROM (
    SELECT id,
        max(at) FILTER (WHERE to_state = 'submitted' AND from_state <> 'submitted') OVER so_far AS submitted_at,
        max(at) FILTER (WHERE to_state = 'returned' AND from_state <> 'returned') OVER so_far AS returned_at,
        max(at) FILTER (WHERE to_state = 'accepted' AND from_state <> 'accepted') OVER so_far AS accepted_at
    FROM tasks_assignmentchange
    WINDOW so_far AS (PARTITION BY assignment_id ORDER BY at, id)
) known
WHERE known.id = change.id AND COALESCE(known.submitted_at, known.returned_at, known.accepted_at) IS NOT NULL;
ALTER TABLE tasks_assignmentchange ENABLE TRIGGER kept;
-- Half of the rows were written anew.
REINDEX TABLE tasks_assignmentchange;
"""
NOTED = """
CREATE OR REPLACE FUNCTION tasks_note_new_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tasks_assignmentchange (
        assignment_id, institution_id, task_id, at, until, by_id,
        from_state, to_state, from_deadline, to_deadline, submitted_at, returned_at, accepted_at, is_counted
    )
    SELECT id, institution_id, task_id, created_at, '9999-12-31 00:00:00+00', changed_by_id,
        '', state, NULL, deadline, submitted_at, returned_at, accepted_at, false
    FROM added;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION tasks_note_changed_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- As text, so that it is planned for as many rows as there are: what is best for all of a plan's assignments
    -- reads the whole table for one.
    EXECUTE $noted$
        WITH moved AS (
            SELECT later.id, later.institution_id, later.task_id,
                later.submitted_at, later.returned_at, later.accepted_at,
                -- Whoever changes the row by hand and says nothing is nobody, now.
                CASE WHEN later.changed_at <> earlier.changed_at THEN later.changed_at ELSE now() END AS at,
                CASE WHEN later.changed_at <> earlier.changed_at THEN later.changed_by_id END AS by_id,
                earlier.state AS from_state, later.state AS to_state,
                earlier.deadline AS from_deadline, later.deadline AS to_deadline
            FROM earlier JOIN later USING (id)
            WHERE (earlier.state, earlier.deadline) <> (later.state, later.deadline)
        ), ended AS (
            -- A statement that waited for another has its time from before it waited, and facts of one assignment go
            -- forward: then it begins when the one before it did, which held for no time.
            UPDATE tasks_assignmentchange fact SET until = GREATEST(fact.at, moved.at)
            FROM moved WHERE fact.assignment_id = moved.id AND fact.until = '9999-12-31 00:00:00+00'
            RETURNING fact.assignment_id, fact.until
        )
        INSERT INTO tasks_assignmentchange (
            assignment_id, institution_id, task_id, at, until, by_id,
            from_state, to_state, from_deadline, to_deadline, submitted_at, returned_at, accepted_at, is_counted
        )
        SELECT moved.id, moved.institution_id, moved.task_id, COALESCE(ended.until, moved.at), '9999-12-31 00:00:00+00',
            moved.by_id, moved.from_state, moved.to_state, moved.from_deadline, moved.to_deadline,
            moved.submitted_at, moved.returned_at, moved.accepted_at, false
        FROM moved LEFT JOIN ended ON ended.assignment_id = moved.id
    $noted$;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION tasks_change_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
        (
            OLD.assignment_id, OLD.institution_id, OLD.task_id, OLD.at, OLD.by_id, OLD.from_state, OLD.to_state,
            OLD.from_deadline, OLD.to_deadline, OLD.submitted_at, OLD.returned_at, OLD.accepted_at
        ) IS DISTINCT FROM (
            NEW.assignment_id, NEW.institution_id, NEW.task_id, NEW.at, NEW.by_id, NEW.from_state, NEW.to_state,
            NEW.from_deadline, NEW.to_deadline, NEW.submitted_at, NEW.returned_at, NEW.accepted_at
        ) OR
        -- It ends once, when the trigger of its assignment notes the next.
        OLD.until <> NEW.until AND (OLD.until <> '9999-12-31 00:00:00+00' OR pg_trigger_depth() < 2)
    THEN
        RAISE EXCEPTION 'what became of an assignment stays as it was written down'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    """Each fact tells the assignment's times, so that a past day's list need not look for the facts before."""

    dependencies = [("tasks", "0017_changes_hold_until")]

    operations = [
        *(
            migrations.AddField("assignmentchange", name, models.DateTimeField(null=True))
            for name in ("submitted_at", "returned_at", "accepted_at")
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(NOTED, EARLIER.HELD),
        migrations.AddIndex(
            "assignmentchange",
            models.Index(
                condition=models.Q(("to_state__in", ("accepted", "not_applicable")), _negated=True),
                fields=["to_deadline", "until", "id"],
                include=("at", "to_state", "institution", "task"),
                name="change_open",
            ),
        ),
        migrations.AddIndex(
            "assignmentchange",
            models.Index(
                condition=models.Q(("returned_at__isnull", False)),
                fields=["to_deadline", "until", "id"],
                include=("at", "to_state", "institution", "task", "submitted_at", "returned_at"),
                name="change_once_returned",
            ),
        ),
        migrations.AddIndex(
            "assignmentchange",
            GistIndex(
                models.Func("at", "until", function="tstzrange", output_field=DateTimeRangeField()),
                condition=models.Q(
                    ("to_state__in", ("awaiting_signature", "submitted", "returned")),
                    ("returned_at__gt", models.F("submitted_at")),
                    _connector="OR",
                ),
                include=(
                    *("at", "until", "id", "to_state", "to_deadline", "institution", "task"),
                    *("submitted_at", "returned_at"),
                ),
                name="change_in_passing",
            ),
        ),
    ]
