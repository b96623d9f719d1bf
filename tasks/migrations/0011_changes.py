import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# Once a statement and not once a row: a roll-out makes 625,000 at a time.
NOTED = """
CREATE FUNCTION tasks_note_new_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tasks_assignmentchange
        (assignment_id, at, by_id, from_state, to_state, from_deadline, to_deadline, is_counted)
    SELECT id, created_at, changed_by_id, '', state, NULL, deadline, false FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER note_new AFTER INSERT ON tasks_assignment
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tasks_note_new_assignments();

CREATE FUNCTION tasks_note_changed_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tasks_assignmentchange
        (assignment_id, at, by_id, from_state, to_state, from_deadline, to_deadline, is_counted)
    SELECT later.id,
        -- Whoever changes the row by hand and says nothing is nobody, now. A statement that waited for another
        -- has its time from before it waited, and facts of one assignment go forward.
        CASE WHEN later.changed_at <> earlier.changed_at
            THEN GREATEST(later.changed_at, earlier.changed_at) ELSE now() END,
        CASE WHEN later.changed_at <> earlier.changed_at THEN later.changed_by_id END,
        earlier.state, later.state, earlier.deadline, later.deadline, false
    FROM earlier JOIN later USING (id)
    WHERE (earlier.state, earlier.deadline) <> (later.state, later.deadline);
    RETURN NULL;
END $$;
CREATE TRIGGER note_changed AFTER UPDATE ON tasks_assignment
    REFERENCING OLD TABLE AS earlier NEW TABLE AS later
    FOR EACH STATEMENT EXECUTE FUNCTION tasks_note_changed_assignments();

CREATE FUNCTION tasks_change_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR
        (OLD.assignment_id, OLD.at, OLD.by_id, OLD.from_state, OLD.to_state, OLD.from_deadline, OLD.to_deadline)
        IS DISTINCT FROM
        (NEW.assignment_id, NEW.at, NEW.by_id, NEW.from_state, NEW.to_state, NEW.from_deadline, NEW.to_deadline)
    THEN
        RAISE EXCEPTION 'what became of an assignment stays as it was written down'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON tasks_assignmentchange
    FOR EACH ROW EXECUTE FUNCTION tasks_change_is_kept();
"""
UNDO = """
DROP TRIGGER note_changed ON tasks_assignment;
DROP TRIGGER note_new ON tasks_assignment;
DROP TRIGGER kept ON tasks_assignmentchange;
DROP FUNCTION tasks_note_changed_assignments();
DROP FUNCTION tasks_note_new_assignments();
DROP FUNCTION tasks_change_is_kept();
"""


class Migration(migrations.Migration):
    """Every change of an assignment's state or deadline is kept, by the database itself."""

    dependencies = [
        ("tasks", "0010_urgings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="changed_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name="assignment",
            name="changed_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            name="AssignmentChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "from_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_started", "未开始"),
                            ("in_progress", "进行中"),
                            ("awaiting_signature", "待签署"),
                            ("submitted", "已报送"),
                            ("returned", "已退回"),
                            ("accepted", "已验收"),
                            ("not_applicable", "不适用"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[
                            ("not_started", "未开始"),
                            ("in_progress", "进行中"),
                            ("awaiting_signature", "待签署"),
                            ("submitted", "已报送"),
                            ("returned", "已退回"),
                            ("accepted", "已验收"),
                            ("not_applicable", "不适用"),
                        ],
                        max_length=20,
                    ),
                ),
                ("from_deadline", models.DateField(null=True)),
                ("to_deadline", models.DateField()),
                ("is_counted", models.BooleanField(default=False)),
                (
                    "assignment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="tasks.assignment",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [
                    models.Index(fields=["assignment", "-at", "-id"], name="change_of_assignment"),
                    models.Index(fields=["-at", "-id"], name="change_by_time"),
                    models.Index(condition=models.Q(("is_counted", False)), fields=["id"], name="change_to_count"),
                ],
            },
        ),
        migrations.RunSQL(NOTED, UNDO),
    ]
