import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

KEPT = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tasks_urging
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON tasks_urgedinstitution
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();
"""
UNDO = """
DROP TRIGGER append_only ON tasks_urgedinstitution;
DROP TRIGGER append_only ON tasks_urging;
"""


class Migration(migrations.Migration):
    """催办: what was sent, and to whom, which the database keeps as it was written."""

    dependencies = [
        ("accounts", "0004_savedview"),
        ("audit", "0002_append_only"),
        ("tasks", "0009_requests_what_was_granted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Urging",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=60, verbose_name="标题")),
                ("text", models.CharField(max_length=500, verbose_name="内容")),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[("liaison", "联络人"), ("contributor", "填报人"), ("cio", "首席信息官")],
                            max_length=20,
                        ),
                        size=None,
                    ),
                ),
                ("filters", models.JSONField(default=dict)),
                ("assignments", models.PositiveIntegerField()),
                ("institutions", models.PositiveIntegerField()),
                ("people", models.PositiveIntegerField()),
                ("token", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="urgings", to="accounts.authority"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="UrgedInstitution",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "assignments",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("facts", models.JSONField(default=dict)),
                ("people", models.PositiveSmallIntegerField()),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="urged", to="accounts.institution"
                    ),
                ),
                (
                    "urging",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="urged", to="tasks.urging"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddIndex(
            model_name="urging",
            index=models.Index(fields=["authority", "-id"], name="urging_of_authority"),
        ),
        migrations.AddConstraint(
            model_name="urgedinstitution",
            constraint=models.UniqueConstraint(fields=("urging", "institution"), name="urged_once_by_a_message"),
        ),
        migrations.RunSQL(KEPT, UNDO),
    ]
