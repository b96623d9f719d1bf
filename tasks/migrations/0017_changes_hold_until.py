import datetime
import importlib

import django.db.models.deletion
from django.db import migrations, models

EARLIER = importlib.import_module("tasks.migrations.0011_changes")
NEVER = datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC)

FILL = """
ALTER TABLE tasks_assignmentchange DISABLE TRIGGER kept;
UPDATE tasks_assignmentchange change
SET until = held.until, institution_id = held.institution_id, task_id = held.task_id
FROM (
    SELECT fact.id, assignment.institution_id, assignment.task_id,
        lead(fact.at, 1, '9999-12-31 00:00:00+00') OVER (
            PARTITION BY fact.assignment_id ORDER BY fact.at, fact.id
        ) AS until
    FROM tasks_assignmentchange fact JOIN tasks_assignment assignment ON assignment.id = fact.assignment_id
) held
WHERE held.id = change.id;
ALTER TABLE tasks_assignmentchange ENABLE TRIGGER kept;
"""
HELD = """
CREATE OR REPLACE FUNCTION tasks_note_new_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tasks_assignmentchange (
        assignment_id, institution_id, task_id, at, until, by_id,
        from_state, to_state, from_deadline, to_deadline, is_counted
    )
    SELECT id, institution_id, task_id, created_at, '9999-12-31 00:00:00+00', changed_by_id,
        '', state, NULL, deadline, false
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
            from_state, to_state, from_deadline, to_deadline, is_counted
        )
        SELECT moved.id, moved.institution_id, moved.task_id, COALESCE(ended.until, moved.at), '9999-12-31 00:00:00+00',
            moved.by_id, moved.from_state, moved.to_state, moved.from_deadline, moved.to_deadline, false
        FROM moved LEFT JOIN ended ON ended.assignment_id = moved.id
    $noted$;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION tasks_change_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
        (
            OLD.assignment_id, OLD.institution_id, OLD.task_id, OLD.at, OLD.by_id,
            OLD.from_state, OLD.to_state, OLD.from_deadline, OLD.to_deadline
        ) IS DISTINCT FROM (
            NEW.assignment_id, NEW.institution_id, NEW.task_id, NEW.at, NEW.by_id,
            NEW.from_state, NEW.to_state, NEW.from_deadline, NEW.to_deadline
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
    """Each fact says until when it held, whose it is and of which task: a past day's list then walks an index."""

    dependencies = [
        ("accounts", "0008_changes_seen"),
        ("plan", "0004_reminder_stages"),
        ("tasks", "0016_bulk_extensions_by_workers"),
    ]

    operations = [
        migrations.AddField("assignmentchange", "until", models.DateTimeField(default=NEVER)),
        *(
            migrations.AddField(
                "assignmentchange",
                name,
                models.ForeignKey(
                    db_constraint=False,
                    db_index=False,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=model,
                ),
            )
            for name, model in [("institution", "accounts.institution"), ("task", "plan.task")]
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        *(
            migrations.AlterField(
                "assignmentchange",
                name,
                models.ForeignKey(
                    db_constraint=False,
                    db_index=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=model,
                ),
            )
            for name, model in [("institution", "accounts.institution"), ("task", "plan.task")]
        ),
        migrations.RunSQL(HELD, EARLIER.UNDO + EARLIER.NOTED),
        migrations.AddConstraint(
            "assignmentchange",
            models.UniqueConstraint(
                condition=models.Q(("until", NEVER)), fields=["assignment"], name="change_in_force_once"
            ),
        ),
        migrations.AddConstraint(
            "assignmentchange",
            models.CheckConstraint(
                condition=models.Q(("until__gte", models.F("at"))), name="change_ends_after_it_began"
            ),
        ),
        migrations.AddIndex(
            "assignmentchange",
            models.Index(
                fields=["to_deadline", "until", "id"],
                include=("at", "to_state", "institution", "task"),
                name="change_by_deadline",
            ),
        ),
        migrations.AddIndex(
            "assignmentchange",
            models.Index(
                fields=["to_state", "to_deadline", "until", "id"],
                include=("at", "institution", "task"),
                name="change_by_state",
            ),
        ),
        migrations.AddIndex(
            "assignmentchange",
            models.Index(
                fields=["task", "to_deadline", "until", "id"],
                include=("at", "to_state", "institution"),
                name="change_by_task",
            ),
        ),
        migrations.AddIndex(
            "assignmentchange",
            models.Index(
                fields=["institution", "until"],
                include=("at", "to_state", "to_deadline", "task", "id"),
                name="change_of_institution",
            ),
        ),
    ]
