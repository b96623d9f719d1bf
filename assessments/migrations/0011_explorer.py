import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The orders of the explorer's lists of requirements and rectifications."""

    dependencies = [
        ("assessments", "0010_what_happened_when"),
        ("plan", "0004_reminder_stages"),
        ("tasks", "0014_bulk_extensions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="rectification",
            name="rectification_by_day",
        ),
        migrations.AlterField(
            model_name="answer",
            name="requirement",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="plan.requirement"
            ),
        ),
        migrations.AddIndex(
            model_name="answer",
            index=models.Index(fields=["requirement", "self_assessment"], name="answer_by_requirement"),
        ),
        migrations.AddIndex(
            model_name="rectification",
            index=models.Index(fields=["deadline", "id"], name="rectification_by_day"),
        ),
        migrations.AddIndex(
            model_name="rectification",
            index=models.Index(fields=["state", "deadline", "id"], name="rectification_by_state"),
        ),
    ]
