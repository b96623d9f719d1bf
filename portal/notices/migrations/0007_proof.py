import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The proof of what an institution's people were told is read by institution, and messages by their key."""

    dependencies = [
        ("accounts", "0004_savedview"),
        ("notices", "0006_stage_labels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="institution",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notices",
                to="accounts.institution",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["institution", "-id"], name="notice_of_institution"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("kind", "urged")),
                fields=["key"],
                name="notice_urged",
                opclasses=["text_pattern_ops"],
            ),
        ),
    ]
