from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Whose retention may have ended, what was deleted, and which row names a path."""

    dependencies = [
        ("accounts", "0003_api_token"),
        ("vault", "0003_extract_folded"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="storedfile",
            index=models.Index(
                condition=models.Q(("state__in", ("clean", "refused", "quarantined"))),
                fields=["received_at", "id"],
                name="stored_file_by_age",
            ),
        ),
        migrations.AddIndex(
            model_name="storedfile",
            index=models.Index(
                condition=models.Q(("state", "deleted")), fields=["-deleted_at", "-id"], name="stored_file_deleted"
            ),
        ),
        migrations.AddIndex(
            model_name="storedfile",
            index=models.Index(
                condition=models.Q(("path", ""), _negated=True), fields=["path"], name="stored_file_by_path"
            ),
        ),
    ]
