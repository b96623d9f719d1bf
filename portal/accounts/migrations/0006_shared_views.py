import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Views shared with the members of an authority."""

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
    ]
