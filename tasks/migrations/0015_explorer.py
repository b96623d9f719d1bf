from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """What the explorer's lists walk where few rows match."""

    dependencies = [
        ("plan", "0004_reminder_stages"),
        ("tasks", "0014_bulk_extensions"),
        ("vault", "0004_files_by_age"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(fields=["institution", "state", "deadline"], name="assignment_of_in_state"),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(fields=["task", "state", "deadline", "id"], name="assignment_by_task_in_state"),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(("state__in", ("accepted", "not_applicable")), _negated=True),
                fields=["task", "deadline", "id"],
                name="assignment_open_by_task",
            ),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(
                condition=models.Q(("frozen_at__isnull", False)),
                fields=["uploaded_at", "id"],
                name="evidence_signed_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(
                condition=models.Q(("frozen_at__isnull", False), ("superseded_at__isnull", False)),
                fields=["uploaded_at", "id"],
                name="evidence_superseded_by_time",
            ),
        ),
        migrations.AddIndex(
            model_name="evidence",
            index=models.Index(
                condition=models.Q(("frozen_at__isnull", False), ("withdrawn_at__isnull", False)),
                fields=["uploaded_at", "id"],
                name="evidence_withdrawn_by_time",
            ),
        ),
        # Deadlines follow from tasks: without this PostgreSQL expects overdue rows in tasks that have none, and walks
        # all that are overdue to find them.
        migrations.RunSQL(
            [
                "CREATE STATISTICS assignment_deadlines_of_tasks (mcv) ON task_id, state, deadline"
                " FROM tasks_assignment",
                "ALTER STATISTICS assignment_deadlines_of_tasks SET STATISTICS 1000",
            ],
            "DROP STATISTICS assignment_deadlines_of_tasks",
        ),
    ]
