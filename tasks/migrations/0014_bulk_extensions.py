import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

ONLY_UNDONE = """
CREATE TRIGGER append_only BEFORE DELETE ON tasks_bulkextension
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();
CREATE TRIGGER only_undone BEFORE UPDATE ON tasks_bulkextension FOR EACH ROW
    WHEN (OLD.undone_at IS NOT NULL OR NEW.undone_at IS NULL OR ROW(
        OLD.id, OLD.authority_id, OLD.by_id, OLD.reason, OLD.new_deadline, OLD.days, OLD.unit, OLD.filters,
        OLD.assignments, OLD.institutions, OLD.sha256, OLD.token, OLD.created_at
    ) IS DISTINCT FROM ROW(
        NEW.id, NEW.authority_id, NEW.by_id, NEW.reason, NEW.new_deadline, NEW.days, NEW.unit, NEW.filters,
        NEW.assignments, NEW.institutions, NEW.sha256, NEW.token, NEW.created_at
    )) EXECUTE FUNCTION portal_refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON tasks_extendedassignment
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();
CREATE TRIGGER only_undone BEFORE UPDATE ON tasks_extendedassignment FOR EACH ROW
    WHEN (OLD.undone_at IS NOT NULL OR NEW.undone_at IS NULL OR ROW(
        OLD.id, OLD.extension_id, OLD.assignment_id, OLD.old_deadline, OLD.old_is_official, OLD.new_deadline
    ) IS DISTINCT FROM ROW(
        NEW.id, NEW.extension_id, NEW.assignment_id, NEW.old_deadline, NEW.old_is_official, NEW.new_deadline
    )) EXECUTE FUNCTION portal_refuse_change();
"""
UNDO = """
DROP TRIGGER only_undone ON tasks_extendedassignment;
DROP TRIGGER append_only ON tasks_extendedassignment;
DROP TRIGGER only_undone ON tasks_bulkextension;
DROP TRIGGER append_only ON tasks_bulkextension;
"""


class Migration(migrations.Migration):
    """批量延期: what was granted, and to which assignments, of which nothing changes but that it was undone.

    The indexes on assignments are for the first page of supervisors.
    """

    dependencies = [
        ("accounts", "0005_calendar_feed"),
        ("audit", "0002_append_only"),
        ("tasks", "0013_text_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkExtension",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=500, verbose_name="延期理由")),
                ("new_deadline", models.DateField(blank=True, null=True, verbose_name="延至")),
                ("days", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="延后天数")),
                (
                    "unit",
                    models.CharField(
                        blank=True,
                        choices=[("calendar", "自然日"), ("working", "工作日")],
                        max_length=10,
                        verbose_name="计日方式",
                    ),
                ),
                ("filters", models.JSONField(default=dict)),
                ("assignments", models.PositiveIntegerField()),
                ("institutions", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("token", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                ("put_back", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bulk_extensions",
                        to="accounts.authority",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["authority", "-id"], name="bulk_extension_of_authority")],
                "constraints": [
                    models.CheckConstraint(
                        name="bulk_extension_day_or_days",
                        condition=models.Q(days=None, new_deadline__isnull=False, unit="")
                        | models.Q(days__gt=0, new_deadline=None, unit__in=["calendar", "working"]),
                    ),
                    models.CheckConstraint(name="bulk_extension_says_why", condition=~models.Q(reason="")),
                    models.CheckConstraint(
                        name="bulk_extension_undone_by_somebody",
                        condition=models.Q(put_back=None, undone_at=None, undone_by=None)
                        | models.Q(put_back__gt=0, undone_at__isnull=False, undone_by__isnull=False),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExtendedAssignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old_deadline", models.DateField(verbose_name="原期限")),
                ("old_is_official", models.BooleanField()),
                ("new_deadline", models.DateField(verbose_name="延至")),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bulk_extensions",
                        to="tasks.assignment",
                    ),
                ),
                (
                    "extension",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="extended",
                        to="tasks.bulkextension",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("extension", "assignment"), name="extended_once_by_a_decision"),
                    models.CheckConstraint(
                        name="extended_to_a_later_day",
                        condition=models.Q(new_deadline__gt=models.F("old_deadline")),
                    ),
                ],
            },
        ),
        migrations.RunSQL(ONLY_UNDONE, UNDO),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                fields=["deadline", "id"],
                include=["institution", "task", "state"],
                condition=~models.Q(state__in=("accepted", "not_applicable")),
                name="assignment_open",
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                fields=["returned_at"],
                condition=models.Q(
                    returned_at__isnull=False, state__in=["returned", "in_progress", "awaiting_signature"]
                ),
                name="assignment_returned",
            ),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                fields=["withdrawn_at"], condition=models.Q(withdrawn_at__isnull=False), name="assignment_withdrawn"
            ),
        ),
    ]
