import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Views shared with the members of an authority, and institutions of a kind and region by name."""

    dependencies = [
        ("accounts", "0005_calendar_feed"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="savedview",
            name="saved_view_name_once",
        ),
        migrations.AddField(
            model_name="savedview",
            name="authority",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="shared_views",
                to="accounts.authority",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("authority", None)), fields=("user", "page", "name"), name="saved_view_name_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("authority__isnull", False)),
                fields=("authority", "page", "name"),
                name="shared_view_name_once",
            ),
        ),
        migrations.RemoveIndex(
            model_name="institution",
            name="accounts_in_kind_89cc9e_idx",
        ),
        migrations.AddIndex(
            model_name="institution",
            index=models.Index(fields=["kind", "region", "name"], name="institution_by_kind_region"),
        ),
    ]
